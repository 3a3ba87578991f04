"""What `find` stands on: arguments checked before any training, the start point, and the way back to it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.masks import EmptyLayer, Mask, select
from rewire.masks.acting import Action, name_of
from rewire.tickets.arguments import AT_HAND, Evidence, check_actions, check_count, check_names, evidence_asked
from rewire.tickets.beginning import REWIND, ZERO, beginning, chosen
from rewire.tickets.levels import Level, Phase
from rewire.tickets.masked import masked
from rewire.tickets.prunable import prunable
from rewire.tickets.snapshot import Snapshot, look_at, restore_streams, restore_values
from rewire.tickets.sparse import check_below, sparse
from rewire.tickets.store import Store

RESTARTS = ("rewind", "rewind-rate", "fine-tune")

Train = Callable[[nn.Module, Phase], Any]


class Search:
    """One search on one model. `settings` are those that a folder must share, and the provenance of its tickets."""

    def __init__(
        self,
        model: nn.Module,
        levels: int,
        keep: float | Mapping[str, float],
        criterion: str | Callable[..., Tensor],
        scope: str,
        rewind: int,
        ignore: str | Iterable[str],
        evidence: Evidence | None,
        restart: str,
        generator: torch.Generator | None,
        directory: str | Path | None,
        sparse_below: float | None = None,
        mask_one: str | Action = REWIND,
        mask_zero: str | Action = ZERO,
    ) -> None:
        check_count("levels", levels, "the number of prunings")
        check_count("rewind", rewind, "the step whose values every level starts from")
        rewind = int(rewind)  # numbers of numpy's are none of JSON's
        if not isinstance(generator, torch.Generator | None):
            raise TypeError(f"generator must be a torch.Generator or None; got {generator!r}: manual_seed makes one")
        if restart not in RESTARTS:
            raise choice("restart", RESTARTS, restart)
        if sparse_below is not None:
            check_below(sparse_below, "sparse_below")
            sparse_below = float(sparse_below)
        self.actions = chosen(mask_one, mask_zero)
        check_actions(self.actions, restart, sparse_below)
        self.model, self.weights = model, prunable(model, ignore)
        with suppress(EmptyLayer):  # keep and scope in the large as in the small: now rather than after a level
            select({name: torch.zeros(1) for name in self.weights}, keep, scope)
        self.rewind, self.restart_mode, self.collect = rewind, restart, evidence
        self.sparse_below = sparse_below
        self.asked = evidence_asked(criterion, evidence)
        self.modes = {module: module.training for module in model.modules()}
        self.settings = {
            "criterion": criterion if isinstance(criterion, str) else name_of(criterion),
            "keep": {p: float(k) for p, k in keep.items()} if isinstance(keep, Mapping) else float(keep),
            "scope": scope,
            "rewind": rewind,
            "restart": restart,
            "sparse_below": sparse_below,
            "weights": {name: list(weight.shape) for name, weight in self.weights.items()},
            "seed": 0 if generator is None else _drawn(generator),
            **{parameter: name_of(action) for parameter, action in self.actions.items()},
        }
        if directory is not None:
            check_names(criterion=criterion, **self.actions)
        self.store = None if directory is None else Store(directory)
        self.settings = self.settings if self.store is None else self.store.open(self.settings)
        self._check_numbers("model must hold numbers to start from")

    def start(self, train: Train) -> Snapshot:
        """The start point: the model's values as they are, or after `rewind` steps; the stored one where there is."""
        stored = self.store and self.store.start(self.settings)
        if stored:
            restore_values(self.model, stored.values)
            return Snapshot(look_at(self.model).copy().values, stored.streams)  # on the model's devices
        if self.rewind:
            train(self.model, Phase(0, 0, self.rewind, self._folder("start")))
            self._check_numbers(f"train must leave numbers after {self.rewind} steps")
        start = look_at(self.model).copy()
        if self.store:
            self.store.save_start(start, self.settings)
        return start

    def finished(self, levels: int) -> list[Level]:
        """The levels that an earlier call finished, the model being left as the last of them left it."""
        found = self.store.levels() if self.store else []
        if len(found) > levels + 1:
            raise ValueError(f"levels must be at least {len(found) - 1}, which the directory holds; got {levels}")
        if found and self.store:
            final = self.store.final(found[-1].index)
            restore_values(self.model, final.values)
            restore_streams(final.streams)
        return found

    def phase(self, index: int) -> Phase:
        tuning = self.restart_mode == "fine-tune" and index > 0
        return Phase(index, self.rewind, None, self._folder(f"level-{index:03}"), tuning)

    def generator(self, index: int) -> torch.Generator:
        """A level's own, so that what one level draws does not depend on whether an earlier one was resumed."""
        return torch.Generator().manual_seed(self.settings["seed"] + index)

    def begin(self, start: Snapshot, mask: Mask, levels: Sequence[Level]) -> Snapshot:
        """Where the level after `levels` begins: the start point, after what the actions make of its weights."""
        if not (self.actions and levels):
            return start
        init, final = self.values(start)
        draws = torch.Generator().manual_seed(_drawn(self.generator(len(levels))))  # not those that broke ties
        values = beginning(init, final, mask, levels[-1].mask, **self.actions, generator=draws)
        return Snapshot(start.values | values, start.streams)

    def restart(self, start: Snapshot) -> None:
        """Go back to where a level starts: all values, or (rewind-rate, fine-tune) only random streams and modes."""
        if self.restart_mode == "rewind":
            restore_values(self.model, start.values)
        restore_streams(start.streams)
        for module, training in self.modes.items():
            module.training = training

    @contextmanager
    def training(self, mask: Mask, begin: Snapshot) -> Iterator[None]:
        """The model as a level trains it: masked, and sparse where that is asked for and pays."""
        with ExitStack() as stack:
            if self.sparse_below is not None:
                mask = stack.enter_context(sparse(self.model, mask, self.sparse_below))
            stack.enter_context(masked(self.model, mask, begin.values if "mask_zero" in self.actions else None))
            yield

    def values(self, start: Snapshot) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The prunable weights before and after training."""
        init = {name: start.values[name] for name in self.weights}
        return init, {name: weight.detach() for name, weight in self.weights.items()}

    def evidence(self, start: Snapshot) -> dict[str, Mapping[str, Tensor]]:
        """What the criterion may ask for, of the prunable weights."""
        found: dict[str, Mapping[str, Tensor]] = dict(zip(AT_HAND, self.values(start)))
        extra = self.collect(self.model, self.asked) if self.asked and self.collect else {}
        if not isinstance(extra, Mapping) or not all(isinstance(extra.get(kind, {}), Mapping) for kind in self.asked):
            raise TypeError("evidence must return {kind: {weight: tensor}}; got another type: see tickets.measures")
        for kind in self.asked:
            missing = [name for name in self.weights if name not in extra.get(kind, {})]
            if missing:
                raise ValueError(f"evidence must return {kind!r} of every prunable weight; got none of {missing[0]!r}")
            found[kind] = {name: extra[kind][name] for name in self.weights}
        return found

    def finish(self, level: Level, start: Snapshot, each: Callable[[Level, nn.Module], object] | None) -> Level:
        """See that training left what the next level can stand on, show the level to `each`, and store it."""
        self._check_numbers(f"train must leave numbers after level {level.index}")
        if level.index == 0 and self.rewind:
            self._check_trained(start)
        if self.store:
            level.report = _as_json(level.report)
        if each:
            each(level, self.model)
        if self.store:
            self.store.save(level, look_at(self.model))
        return level

    def _folder(self, name: str) -> Path | None:
        return self.store.folder(name) if self.store else None

    def _check_numbers(self, message: str) -> None:
        for name, weight in self.weights.items():
            if weight.isnan().any():
                raise ValueError(f"{message}; got NaN in {name!r}: lower the learning rate, or check its start")

    def _check_trained(self, start: Snapshot) -> None:
        if all(torch.equal(weight, start.values[name]) for name, weight in self.weights.items()):
            raise ValueError(
                f"rewind must come before the end of training; got {self.rewind}, after which train changed no weight"
            )


def _drawn(generator: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=generator, device=generator.device))


def _as_json(report: Any) -> Any:
    """The report as a resumed search would read it."""
    try:
        return json.loads(json.dumps(report))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"train must return what JSON can hold when directory is given; got {error}: use .item() or .tolist()"
        ) from None
