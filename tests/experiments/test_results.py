"""The README's table is generated, never typed."""

from pathlib import Path

import pytest

from rewire.experiments.results import benchmarks_table, claims_table, main, rewrite
from rewire.files import write_json

ROOT = Path(__file__).parents[2]
START, END = "<!-- claims -->", "<!-- /claims -->"
ROW = {
    "claim": "LS-5a",
    "statement": "gated | shared\nlearn",
    "paper": ".9372",
    "ours": 0.93721,
    "std": 0.0042,
    "quantity": "accuracy",
    "n": 5,
    "verdict": "reproduced",
    "budget": "full",
}
RESULT = {
    "recipe": "light-switch/colours",
    "budget": "full",
    "runs": 15,
    "seconds": 61.7,
    "hardware": "a chip, 2 cores",
    "threads": 1,
    "versions": {"torch": "2.13.0"},
    "rows": [ROW, {**ROW, "claim": "LS-5b", "ours": None, "std": None, "n": 0, "verdict": "not run"}],
}


def test_rows_become_a_table_whatever_their_text():
    lines = claims_table(RESULT["rows"]).splitlines()
    assert lines[2] == r"| LS-5a | gated \| shared learn | .9372 | 0.9372 ± 0.0042 | accuracy | 5 | reproduced | full |"
    assert lines[3] == r"| LS-5b | gated \| shared learn | .9372 |  | accuracy | 0 | not run | full |"


def test_the_readme_is_rewritten_between_its_markers_only(tmp_path):
    write_json(tmp_path / "colours.json", RESULT)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{START}\nold \\1\n{END}\nafter\n")
    main([str(tmp_path / "colours.json")], readme)
    once = readme.read_text()
    assert once.startswith(f"before\n{START}\n| claim | the paper says |")
    assert once.endswith(f"{END}\nafter\n")
    assert "15 runs, 62 s, a chip, 2 cores, 1 thread per run, torch 2.13.0" in once
    assert "old" not in once
    main([str(tmp_path / "colours.json")], readme)
    assert readme.read_text() == once


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="README must contain <!-- claims -->"):
        rewrite("no table here", "claims", "rows")


def test_benchmarks_become_a_table_that_names_the_machine():
    row = {"name": "gates/mlp", "ours": 2.0, "reference": 1.0, "ratio": 2.0, "unit": "ms", "threads": 1, "rounds": 9}
    table = benchmarks_table([row | {"hardware": "a chip, 2 cores", "torch": "2.13.0"}])
    assert "| gates/mlp | 2.0 | 1.0 | 2.0 |  | ms | 1 | 9 |" in table
    assert table.endswith("Measured on a chip, 2 cores, torch 2.13.0.")


def test_the_readme_shows_the_committed_results(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_bytes((ROOT / "README.md").read_bytes())
    main(sorted(str(path) for path in (ROOT / "results").glob("*.json")), readme)
    assert readme.read_text() == (ROOT / "README.md").read_text()
