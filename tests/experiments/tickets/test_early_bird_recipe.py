"""tickets/early-bird: two small trainings on real digits, killed and resumed, and verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.early_bird import runs
from rewire.experiments.tickets.early_bird.recipe import RECIPE
from rewire.experiments.tickets.early_bird.stages import CONVNET, MLP, NETWORKS, EarlyBirdConfig
from rewire.masks import Mask
from rewire.runs import JsonLines, Records, read_records

TINY = {"dataset": "digits", "train_images": 128, "epochs": 6, "keeps": (0.5,)}


def run(directory, config, seconds=30.0):
    directory.mkdir(exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    RECIPE.execute(config, Context(seed=0, directory=directory, sink=sink, checkpoint_every=seconds))
    sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


@pytest.mark.parametrize("label", [CONVNET, MLP])
def test_a_training_end_to_end(tmp_path, label):
    records = run(tmp_path / "run", replace(NETWORKS[label], **TINY))
    assert records.values("at") == [0, 1, 2, 3, 4, 5, 6]
    assert records.where(keep=0.5).values("epoch") == [1, 2, 3, 4, 5, 6]
    assert records.values("farthest")[0] is None
    assert len(records.values("drawn")) == 1
    assert [len(distances) for distances in records.values("distances")] == [6] * 6
    assert records.values("to_last")[-1] == 0.0
    assert 0 < records.values("initially")[0] < 1


def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path, monkeypatch):
    config = replace(NETWORKS[CONVNET], **TINY)
    run(tmp_path / "whole", config)
    save, saved = runs.save_mask, []

    def dies(mask, path):
        saved.append(path)
        if len(saved) == 5:
            raise KeyboardInterrupt
        save(mask, path)

    monkeypatch.setattr(runs, "save_mask", dies)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", config, seconds=0)
    assert (tmp_path / "killed" / "checkpoint.safetensors").exists()
    run(tmp_path / "killed", config)
    assert len(saved) == 8  # epochs 0 to 3, the fourth that died, and 4 to 6
    one, other = (tmp_path / name / "metrics.jsonl" for name in ("whole", "killed"))
    assert one.read_bytes() == other.read_bytes()


def test_masks_are_compared_epoch_by_epoch():
    def mask(*on):
        return Mask({"w": torch.isin(torch.arange(10), torch.tensor(on))})

    masks = [mask(0, 1, 2, 3), mask(0), mask(0), mask(0), mask(0, 1), mask(0), mask(1, 2)]
    rows = Records(list(runs.compare(EarlyBirdConfig(), masks)))
    assert rows.values("farthest") == [None, *map(pytest.approx, (0.3, 0.3, 0.3, 0.2, 0.1, 0.3))]
    [row] = [row for row in rows if "drawn" in row]
    assert (row["drawn"], row["of"]) == (6, 7)
    assert row["from_final"] == pytest.approx(0.3)
    assert rows.values("distances")[0][1] == pytest.approx(0.3)


def test_masks_that_never_settle_draw_nothing():
    masks = [Mask({"w": torch.arange(10) == index}) for index in range(6)]
    [row] = [row for row in runs.compare(replace(EarlyBirdConfig(), epsilon=0.1), masks) if "drawn" in row]
    assert (row["drawn"], row["from_final"]) == (None, None)


def records(epochs=(6, 7, 6), of=40, final=0.04):
    rows = []
    for label in (CONVNET, MLP):
        for seed, drawn in enumerate(epochs):
            shared = {"label": label, "seed": seed}
            rows += [shared | {"at": at, "accuracy": 0.9, "split": "sample"} for at in (1, 2)]
            for keep in (0.7, 0.5, 0.3):
                mine = shared | {"keep": keep}
                rows += [mine | {"epoch": e, "farthest": None if e == 1 else 0.2 / e, "to_last": 0.1} for e in (1, 2)]
                rows.append(mine | {"drawn": drawn, "of": of, "from_final": None if drawn is None else final})
                rows += [mine | {"row": a, "distances": [0.1 * abs(a - b) for b in range(1, 8)]} for a in range(1, 8)]
    return Records(rows)


def measured(name, table):
    return next(claim for claim in RECIPE.claims if claim.id == name).measure(table)


@pytest.mark.parametrize("name", ["LT-12a", "LT-12b"])
@pytest.mark.parametrize(
    ("epochs", "holds"), [((6, 7, 8), True), ((9, 12, 10), False), ((6, None, 6), False), ((None, None, None), False)]
)
def test_early_is_before_a_quarter_of_training_in_every_seed(name, epochs, holds):
    outcome = measured(name, records(epochs))
    assert outcome.holds is holds
    assert ("never" in outcome.note) is (None in epochs)


@pytest.mark.parametrize(("final", "holds"), [(0.04, True), (0.2, False)])
def test_like_the_last(final, holds):
    assert measured("LT-12c", records(final=final)).holds is holds


def test_figures_hold_what_they_draw(tmp_path):
    from rewire.figures import save

    figures = RECIPE.draw(records(), tmp_path)
    assert [figure.name for figure in figures] == ["distances", "pairs", "accuracy"]
    for figure in figures:
        assert save(figure, tmp_path).png.stat().st_size > 10_000
    assert RECIPE.draw(Records([]), tmp_path) == []
