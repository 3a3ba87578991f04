"""A search that was killed anywhere, and one that was not, find the same bytes."""

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
import torch
from find_case import Trainer, at, at_file, interrupt, network, search
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.tickets import find
from rewire.tickets.search import RESTARTS

SCRIPT = Path(__file__).with_name("find_case.py")
PLACES = ("level 0 step 2", "level 0 step 8", "level 1 step 3", "level 2 step 11", "level 3 step 5")
FILES = 2 * (1 + 1 + 2 * 4) + 2  # before and after each: settings, start, two a level; and one too many


def everything(found, model) -> list[object]:
    """A search's outcome as bytes and plain values, torch's stream included."""
    tensors = [model.state_dict(), found.start, *(level.mask for level in found.levels)]
    numbers = [[(name, t.numpy().tobytes()) for name, t in sorted(group.items())] for group in tensors]
    return [numbers, [level.report for level in found.levels], found.stopped, torch.get_rng_state().tolist()]


def interrupted(directory: Path, place: str, checkpoint: bool = True, **options) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(directory, Trainer(at(place, interrupt), checkpoint), **options)


def test_killed_and_resumed_is_bit_identical(tmp_path):
    for place in ("level 0 step 1", "file 5", "level 1 step 9"):
        command = [sys.executable, str(SCRIPT), str(tmp_path / "search"), place]
        killed = subprocess.run(command, capture_output=True, text=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    trainer = Trainer()
    assert everything(*search(tmp_path / "search", trainer)) == everything(*search(None))
    assert trainer.batches[0][:2] == (1, 8)  # what was trained before was not trained again


@pytest.mark.parametrize("restart", RESTARTS)
@pytest.mark.parametrize("checkpoint", [True, False])
def test_interrupted_in_the_middle_of_every_level_and_resumed_is_bit_identical(restart, checkpoint, tmp_path):
    """A training function without a checkpoint begins its level again, from the same values and streams."""
    for place in PLACES:
        interrupted(tmp_path / "search", place, checkpoint, restart=restart)
    last = search(tmp_path / "search", Trainer(checkpoint=checkpoint), restart=restart)
    assert everything(*last) == everything(*search(None, restart=restart))


@settings(max_examples=10, deadline=None)
@given(numbers=st.lists(st.integers(2, FILES), max_size=4))
def test_interrupted_around_any_writes_and_resumed_is_bit_identical(numbers):
    with TemporaryDirectory() as folder:
        for number in numbers:
            with mock.patch.object(Path, "replace", at_file(number, interrupt)), suppress(KeyboardInterrupt):
                search(Path(folder))
        assert everything(*search(Path(folder))) == everything(*search(None))


def test_a_finished_search_is_read_not_trained(tmp_path):
    expected = everything(*search(tmp_path / "search"))
    trainer, seen = Trainer(), []
    found, model = search(tmp_path / "search", trainer, each=lambda level, model: seen.append(level))
    assert everything(found, model) == expected
    assert not trainer.phases
    assert not seen
    assert found.ticket().provenance == search(tmp_path / "search")[0].ticket().provenance


def test_a_search_that_stopped_stops_at_the_same_place_again(tmp_path):
    expected = everything(*search(tmp_path / "search", levels=9, keep=0.2))
    trainer = Trainer()
    again = search(tmp_path / "search", trainer, levels=9, keep=0.2)
    assert everything(*again) == expected
    assert again[0].stopped == "4.weight"
    assert not trainer.phases


def test_more_levels_go_on_from_a_finished_search(tmp_path):
    search(tmp_path / "search", levels=1)
    trainer = Trainer()
    assert everything(*search(tmp_path / "search", trainer)) == everything(*search(None))
    assert [phase.level for phase in trainer.phases] == [2, 3]
    with pytest.raises(ValueError, match="levels must be at least 3, which the directory holds; got 1"):
        search(tmp_path / "search", levels=1)


def test_the_disk_holds_the_values_of_one_level_only(tmp_path):
    search(tmp_path / "search")
    names = sorted(path.name for path in (tmp_path / "search").iterdir() if path.is_file())
    levels = [f"level-{i:03}.safetensors" for i in range(4)]
    assert names == ["final-003.safetensors", *levels, "search.json", "start.safetensors"]


def test_a_generator_that_has_gone_on_changes_nothing(tmp_path):
    generator = torch.Generator().manual_seed(3)
    expected = everything(*search(None, criterion="random"))
    found = [everything(*search(tmp_path / "search", criterion="random", generator=generator)) for _ in range(2)]
    assert found == [expected, expected]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": 0.4}, "keep was 0.5; got 0.4"),
        ({"keep": {"*": 0.5}}, "keep was 0.5; got {'*': 0.5}"),
        ({"criterion": "movement"}, "criterion was 'magnitude'; got 'movement'"),
        ({"rewind": 0}, "rewind was 3; got 0"),
        ({"restart": "fine-tune"}, "restart was 'rewind'; got 'fine-tune'"),
        ({"ignore": "4.*"}, "weights of '4.weight' was [4, 12]; got None"),
    ],
)
def test_a_folder_of_another_search_is_refused(options, message, tmp_path):
    search(tmp_path / "search", levels=1)
    with pytest.raises(ValueError) as error:
        search(tmp_path / "search", **{"levels": 1} | options)
    assert str(error.value) == f"directory must be of the same search; {message}: choose another directory"


def test_another_architecture_is_refused_though_its_weights_are_alike(tmp_path):
    search(tmp_path / "search", levels=1)
    model = network()
    model[1] = torch.nn.Identity()
    with pytest.raises(ValueError, match=r"same architecture; '1.bias' is missing in the model, \[12\] of float32"):
        find(model, Trainer(), levels=1, keep=0.5, rewind=3, directory=tmp_path / "search")


def damaged(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "truncated":
        path.write_bytes(content[:-3])
    elif how == "edited":
        content[-3] ^= 1
        path.write_bytes(content)
    elif how == "foreign":
        path.write_text("[]")
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["truncated", "edited", "foreign"])
@pytest.mark.parametrize("name", ["start", "level-001", "final-001"])
def test_a_damaged_file_is_refused_in_one_line_that_names_it(name, how, tmp_path):
    search(tmp_path / "search", levels=1)
    damaged(tmp_path / "search" / f"{name}.safetensors", how)
    with pytest.raises(ValueError) as error:
        search(tmp_path / "search", levels=1)
    assert str(tmp_path / "search" / f"{name}.safetensors") in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_final_values_and_changed_settings_are_told(tmp_path):
    search(tmp_path / "search", levels=1)
    damaged(tmp_path / "search" / "final-001.safetensors", "missing")
    with pytest.raises(ValueError, match=r"final-001.safetensors must be there; got nothing: restore it"):
        search(tmp_path / "search", levels=1)
    for content in ("[]", "{", json.dumps({"format": "rewire search", "version": 1, "settings": {"seed": "x"}})):
        (tmp_path / "search" / "search.json").write_text(content)
        with pytest.raises(ValueError, match=r"search.json must"):
            search(tmp_path / "search", levels=1)


@pytest.mark.parametrize("gone", ["search.json", "start.safetensors"])
def test_without_settings_or_start_nothing_is_gone_on_with(gone, tmp_path):
    """Other settings, or the values of another model, would otherwise count as those of the stored levels."""
    search(tmp_path, levels=1)
    (tmp_path / gone).unlink()
    with pytest.raises(ValueError, match=f"{gone} must be .* got nothing: restore it, or delete the folder"):
        search(tmp_path, levels=2)
    assert not (tmp_path / gone).exists()


@pytest.mark.parametrize(
    ("file", "other"),
    [("level-001", "level-000"), ("start", "final-001"), ("final-001", "start"), ("level-001", "other/level-001")],
)
def test_a_file_in_the_place_of_another_is_refused(file, other, tmp_path):
    search(tmp_path, levels=1)
    search(tmp_path / "other", levels=1, keep=0.4)
    (tmp_path / f"{file}.safetensors").write_bytes((tmp_path / f"{other}.safetensors").read_bytes())
    with pytest.raises(ValueError, match=rf"{file}.safetensors must be '.*'; got '.*': it was renamed or is another's"):
        search(tmp_path, levels=2)


def test_searches_in_one_directory_wait_for_each_other(tmp_path):
    """They would remove each other's half-written files."""
    models = [network() for _ in range(3)]
    trainers = [Trainer(checkpoint=False) for _ in models]
    options = {"levels": 2, "keep": 0.5, "directory": tmp_path / "search"}
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda model, trainer: find(model, trainer, **options), models, trainers))
    assert sorted(len(trainer.phases) for trainer in trainers) == [0, 0, 3]
    assert len({tuple(level.density for level in each.levels) for each in found}) == 1


@pytest.mark.parametrize("action", [lambda init: init, partial(lambda init, factor: factor * init, factor=2)])
def test_a_folder_cannot_tell_functions_without_a_name_apart(tmp_path, action):
    for parameter, function in (("criterion", lambda final: final), ("mask_one", action)):
        with pytest.raises(ValueError, match=f"{parameter} must have a name of its own"):
            find(network(), Trainer(), levels=1, **{parameter: function}, directory=tmp_path / "new")
    assert not (tmp_path / "new" / "search.json").exists()


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match=r"directory must be a folder, or new; got the file .*/file"):
        search(tmp_path / "file")


@pytest.mark.parametrize("seed", [-1, 2**70, True, None])
def test_a_stored_seed_is_one_that_generators_take(seed, tmp_path):
    search(tmp_path, levels=0)
    path = tmp_path / "search.json"
    content = json.loads(path.read_text())
    content["settings"]["seed"] = seed
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"search.json must list the settings of a search; it was changed by hand"):
        search(tmp_path, levels=1)


def test_a_report_that_no_file_can_hold_is_told_and_the_training_is_not_lost(tmp_path):
    class Tensors(Trainer):
        def __call__(self, model, phase):
            return torch.tensor(super().__call__(model, phase)["loss"])

    with pytest.raises(TypeError, match=r"train must return what JSON can hold .* use .item\(\)"):
        search(tmp_path / "search", Tensors())
    trainer = Trainer()
    assert everything(*search(tmp_path / "search", trainer)) == everything(*search(None))
    assert trainer.batches[0][:2] == (1, 3)  # level 0 came from its checkpoint
    assert search(None, Tensors())[0].levels[0].report.shape == ()
