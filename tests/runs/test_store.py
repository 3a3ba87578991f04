"""A run's directory: whole, resumable, and nobody else's."""

import os
from dataclasses import dataclass

import pytest

from rewire.runs import (
    InUseError,
    check_config,
    open_run,
    read_json,
    read_records,
    run_records,
    run_seconds,
    run_state,
    write_json,
)
from rewire.runs import store as store_module


@dataclass(frozen=True)
class Config:
    lr: float = 0.1
    widths: tuple[int, ...] = (3,)


def attempt(directory, config=Config(), records=(), error: type[BaseException] | None = None) -> None:
    """Open the run, write `records`, and end it, or break off with `error`."""
    with open_run(directory, config) as run:
        for record in records:
            run.sink.write(record)
        if error is not None:
            raise error


def test_a_run_goes_from_pending_through_interrupted_to_done(tmp_path):
    directory = tmp_path / "recipe" / "seed0"
    assert run_state(directory) == "pending"
    with pytest.raises(KeyboardInterrupt):
        attempt(directory, records=[{"step": 1}], error=KeyboardInterrupt)
    assert run_state(directory) == "interrupted"
    assert read_records(directory / "metrics.jsonl") == [{"step": 1}]
    with open_run(directory, Config(), threads=3) as run:
        assert not run.done
        run.sink.write({"step": 1})
        run.sink.write({"step": 2})
    assert run_state(directory) == "done"
    assert read_json(directory / "done.json") == {"records": 2}
    assert read_json(directory / "config.json") == {"lr": 0.1, "widths": [3]}
    assert read_json(directory / "env.json")["threads"] == "1; 3"  # of both sessions


def test_a_done_run_is_left_as_it_is(tmp_path):
    with open_run(tmp_path, Config()) as run:
        run.sink.write({"step": 1})
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    with open_run(tmp_path, Config()) as run:
        assert run.done
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_an_interruption_before_anything_was_restored_loses_no_records(tmp_path):
    for records in ([{"step": 1}], []):
        with pytest.raises(RuntimeError):
            attempt(tmp_path, records=records, error=RuntimeError)
    assert len(read_records(tmp_path / "metrics.jsonl")) == 1


def test_sessions_add_up(tmp_path):
    write_json(tmp_path / "timing.json", {"seconds": 100.0})
    attempt(tmp_path)
    assert 100.0 < run_seconds(tmp_path) < 101.0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"seconds": "long"}', "\xff"])
def test_a_damaged_time_is_no_time(tmp_path, content):
    (tmp_path / "timing.json").write_text(content, encoding="latin-1")
    assert run_seconds(tmp_path) == 0.0
    attempt(tmp_path)
    assert 0.0 < run_seconds(tmp_path) < 1.0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"records": null}'])
def test_a_damaged_end_mark_is_none(tmp_path, content):
    attempt(tmp_path, records=[{"step": 1}])
    (tmp_path / "done.json").write_text(content)
    assert run_state(tmp_path) == "interrupted"
    attempt(tmp_path, records=[{"step": 1}])
    assert run_state(tmp_path) == "done"
    assert run_records(tmp_path) == [{"step": 1}]


def test_what_killed_writers_left_is_removed(tmp_path):
    (tmp_path / ".config.json.77.tmp").write_text("{")
    attempt(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".*.tmp"))


def test_the_directory_of_another_config_is_refused(tmp_path):
    attempt(tmp_path)
    with pytest.raises(ValueError, match=r"must hold this config; got .* with lr=0.1 \(not 0.2\)"):
        attempt(tmp_path, Config(lr=0.2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"lr": 0.1, "lrr": 1}, "keys must be among lr, widths; got lrr; remove"),
        ({"lr": "fast"}, "must describe a Config with the fields lr, widths"),
        ({"widths": 3}, "must describe a Config"),
        ([1], "must describe a Config"),
    ],
)
def test_a_config_file_of_another_make_is_refused_in_one_line(tmp_path, content, message):
    write_json(tmp_path / "config.json", content)
    with pytest.raises(ValueError, match=message) as error:
        attempt(tmp_path)
    assert "\n" not in str(error.value)


def test_a_file_for_a_folder_and_a_folder_for_a_file_are_refused_with_the_fix(tmp_path):
    (tmp_path / "seed0").write_text("")
    (tmp_path / "seed1" / "config.json").mkdir(parents=True)
    for name, kind in (("seed0", "folder"), ("seed1", "file")):
        with pytest.raises(ValueError, match=rf"{name}.* must be a {kind}; got something else; delete it or choose"):
            check_config(tmp_path / name, Config())


def test_two_processes_cannot_share_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "GRACE", 0.0)
    with open_run(tmp_path, Config()), pytest.raises(InUseError, match="must not be in use"):
        attempt(tmp_path)
