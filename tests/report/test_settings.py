import json

import pytest
from synthetic import STAGES

from rewire.report.settings import read_settings
from rewire.runs import open_run, run_directory


def folder(runs):
    return runs / "light-switch/colours"


def test_common_options_and_differences_are_told_apart(runs):
    settings = read_settings(folder(runs))
    assert settings.common == {"lr": 0.001, "tasks": ["red", "green"]}
    assert [variant.differs for variant in settings.variants] == [{"model": "gated"}, {"model": "separate"}]
    assert [variant.seeds for variant in settings.variants] == [{"done": [0, 1]}] * 2
    assert settings.environments[0]["threads"] == 1
    assert settings.notes == []


def test_an_interrupted_seed_is_listed_as_such(runs):
    with (
        pytest.raises(KeyboardInterrupt),
        open_run(run_directory(runs, "light-switch/colours", STAGES[0].config, 10), STAGES[0].config),
    ):
        raise KeyboardInterrupt
    assert read_settings(folder(runs)).variants[0].seeds == {"done": [0, 1], "interrupted": [10]}


def test_only_the_runs_that_have_a_label_are_shown(runs):
    name = run_directory(runs, "r", STAGES[1].config, 0).parent.name
    [variant] = read_settings(folder(runs), {name: "separate"}).variants
    assert (variant.label, variant.config["model"]) == ("separate", "separate")


def test_a_damaged_config_is_a_note(runs):
    path = run_directory(runs, "light-switch/colours", STAGES[0].config, 0) / "config.json"
    path.write_text(json.dumps(["not", "a", "mapping"]))
    [note] = read_settings(folder(runs)).notes
    assert note.endswith("seed0/config.json cannot be read, so its settings are not shown")
