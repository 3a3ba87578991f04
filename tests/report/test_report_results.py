import json

import pytest
from synthetic import claim, write_results

from rewire.report.results import recipe_folders, results


def test_the_full_budget_is_preferred(runs):
    write_results(runs, "light-switch/colours", "quick", [claim("LS-0")])
    found, notes = results(runs)
    assert {result.recipe: result.budget for result in found} == {
        "light-switch/colours": "full",
        "light-switch/noise": "quick",
    }
    assert notes == []


@pytest.mark.parametrize("damage", ["", '{"rows": [', "[]", '{"rows": 3}', '{"rows": ["x"]}', "\udcff"])
def test_a_damaged_file_is_a_note_and_the_other_budget_steps_in(runs, damage):
    write_results(runs, "light-switch/colours", "quick", [claim("LS-0")])
    (runs / "light-switch/colours/full.json").write_bytes(damage.encode("utf-8", "surrogateescape"))
    found, notes = results(runs)
    assert {result.recipe: result.budget for result in found}["light-switch/colours"] == "quick"
    assert len(notes) == 1
    assert "light-switch/colours/full.json must" in notes[0]
    assert "\n" not in notes[0]


def test_fields_of_another_type_are_dropped_not_trusted(runs):
    path = write_results(runs, "light-switch/noise", "quick", [])
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"seconds": "long", "versions": [1], "seeds": {"a": 1}, "budget": "huge"}))
    [result] = [result for result in results(runs)[0] if result.recipe == "light-switch/noise"]
    assert (result.seconds, result.versions, result.seeds, result.budget) == (None, {}, [], "quick")


def test_recipes_are_found_by_their_runs_too_and_from_inside_the_folder(runs, monkeypatch):
    (runs / "light-switch/colours/full.json").unlink()
    monkeypatch.chdir(runs)
    found = [folder.as_posix() for folder in recipe_folders(type(runs)())]
    assert found == ["light-switch/colours", "light-switch/noise"]
