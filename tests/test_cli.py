"""The command line: what it prints, how it exits, and one line for each way of getting it wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import rewire
from fake_recipe import calm, recipe, register, troubled
from rewire.cli import main
from rewire.experiments import Stage, registry
from rewire.experiments.execute import run_recipes
from rewire.files import tensors_to_bytes
from rewire.runs import locked, write_json

HELP = """
import sys
from rewire.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code
heavy = {"torch", "numpy", "rich", "matplotlib", "rewire.experiments"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture
def fakes(monkeypatch):
    register(monkeypatch, recipe("good", calm()), recipe("other", calm()), recipe("bad", troubled("nan"), calm()))


def one_line(capsys) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err.strip()


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["--version"]])
def test_help_waits_for_nothing_heavy(words):
    process = subprocess.run([sys.executable, "-c", HELP, *words], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout


def test_list_as_json_and_as_text(fakes, capsys):
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {
        "id": "fake/good",
        "document": "Fakes, Nobody 2020",
        "figures": ["Fig 1"],
        "summary": "random losses",
        "claims": ["F-1"],
        "cost": {"quick": 1, "full": 60},
    }
    assert main(["list"]) == 0
    header, first, *_ = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "document", "figures", "summary", "claims", "quick", "s", "full", "s"]
    assert first.split()[0] == "fake/good"


def test_run_prints_the_claims_and_the_progress_apart(fakes, tmp_path, capsys):
    assert main(["run", "fake/good", "--out", str(tmp_path), "--jobs", "1"]) == 0
    captured = capsys.readouterr()
    header, row = captured.out.splitlines()
    assert header.split() == [
        "recipe",
        "claim",
        "statement",
        "paper",
        "ours",
        "quantity",
        "n",
        "verdict",
        "budget",
        "note",
    ]
    assert "reproduced" in row
    assert "±" in row
    assert "[2/2] · fake/good calm seed 1" in captured.err
    assert (tmp_path / "fake/good/quick.json").exists()


def test_run_as_json_prints_the_array_only(fakes, tmp_path, capsys):
    assert main(["run", "fake/g*", "fake/other", "--out", str(tmp_path), "--jobs", "2", "--seeds", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["recipe"] for row in rows] == ["fake/good", "fake/other"]
    wanted = {"recipe", "claim", "statement", "paper", "ours", "std", "n", "verdict", "budget", "seconds"}
    assert all(wanted <= row.keys() for row in rows)


def test_a_claim_that_fails_is_a_result(monkeypatch, tmp_path, capsys):
    empty = Stage("other label", calm().config, (0,))
    register(monkeypatch, recipe("good", empty))
    assert main(["run", "fake/good", "--out", str(tmp_path)]) == 0
    assert "not run" in capsys.readouterr().out


def test_a_nan_loss_is_one_line_and_exit_1(fakes, tmp_path, capsys):
    assert main(["run", "fake/bad", "--out", str(tmp_path), "--jobs", "1"]) == 1
    captured = capsys.readouterr()
    assert "reproduced" in captured.out  # the other runs are there
    (line,) = (line for line in captured.err.splitlines() if not line.startswith("["))
    assert line == "rewire: fake/bad nan seed 0: loss must be finite; got nan at step 7 of task 'red'"


def test_report_and_inspect_read_what_was_written(fakes, tmp_path, capsys):
    main(["run", "fake/good", "--out", str(tmp_path / "runs"), "--jobs", "1"])
    capsys.readouterr()
    assert main(["report", str(tmp_path / "runs"), "--out", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'page.html'}\n"
    assert "fake/good" in (tmp_path / "page.html").read_text()

    rewire.save(rewire.gate(torch.nn.Linear(4, 3), ["day", "night"], rewire.Hard()), tmp_path / "model")
    assert main(["inspect", str(tmp_path / "model")]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert "density" in header
    assert {row.split()[0] for row in rows} == {"day", "night"}


def test_inspect_shows_a_mask_file(tmp_path, capsys):
    mask = rewire.Mask({"fc.weight": torch.arange(4000).reshape(40, 100) % 100 == 0, "out": torch.arange(8) > 3})
    path = rewire.masks.save_mask(mask, tmp_path / "mask.safetensors")
    assert main(["inspect", str(path)]) == 0
    header, weight, out, whole = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "tensor"
    assert weight.split()[:5] == ["fc.weight", "40×100", "40", "4000", "0.01"]
    assert out.split()[:6] == ["out", "8", "4", "8", "0.5", "1"]
    assert whole.startswith("whole file")
    assert whole.split()[-1] == str(path.stat().st_size)


def test_inspect_refuses_files_it_does_not_know(tmp_path, capsys):
    path = tmp_path / "x"
    for content in (b"", b"something else", tensors_to_bytes({"w": torch.ones(2)})):
        path.write_bytes(content)
        assert main(["inspect", str(path)]) == 2
        assert str(path) in one_line(capsys)


@pytest.mark.parametrize("trouble", ["data", "full"])
def test_bad_data_and_a_full_disk_are_one_line_and_exit_2(monkeypatch, tmp_path, capsys, trouble):
    several = Stage(trouble, troubled(trouble).config, seeds=(0, 1, 2))
    register(monkeypatch, recipe("bad", several))
    assert main(["run", "fake", "--out", str(tmp_path), "--jobs", "1"]) == 2
    assert one_line(capsys).startswith(f"rewire: fake/bad {trouble} seed 0 (and 2 more): ")


def test_dry_run_says_what_would_happen_and_does_nothing(fakes, tmp_path, capsys):
    run_recipes([recipe("good", calm())], out=tmp_path, seeds=[0], jobs=1)
    before = sorted(tmp_path.rglob("*"))
    assert main(["run", "fake/good", "--out", str(tmp_path), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "steps=12 delay=0.0" in out
    assert str(tmp_path / "fake/good/default-44136f") in out
    assert "cost: about 1 s of one core at budget quick" in out
    assert main(["run", "fake/good", "--out", str(tmp_path), "--dry-run", "--json", "--budget", "full"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["done"], row["pending"], row["cost_of_recipe"], row["budget"]) == (1, 1, 60, "full")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rnu", "command must be one of 'list', 'run', 'report', 'inspect', 'bench'; got 'rnu' (did you mean 'run'?)"),
        ("--jsn", "command must be one of"),
        ("run", "ID must name at least one recipe"),
        ("run fake/god", "recipe must be one of 'fake/good', 'fake/other', 'fake/bad'; got 'fake/god' (did you mean"),
        ("run fake/good --bduget full", "got '--bduget' (did you mean '--budget'?)"),
        ("run fake/good --budget=half", "--budget must be one of 'quick', 'full'; got 'half'"),
        ("run fake/good --budget", "Missing value for argument '--budget'"),
        ("run fake/good --device gpu", "device must be one of 'auto', 'cpu', 'cuda'; got 'gpu'"),
        ("run fake/good --seeds 0 x", "--seeds must be whole numbers from 0 up; got 'x'"),
        ("run fake/good --seeds", "--seeds must name at least one seed; got none; leave it out"),
        ("run fake/good --seeds 3 0 3", "--seeds must be different; got 3 twice"),
        ("run --seeds 0 fake/good", "got 'fake/good'; put recipe ids before options"),
        ("run fake/good --seeds=-1", "--seeds must be whole numbers from 0 up; got '-1'"),
        ("run fake/good --jobs 0", "--jobs must be whole numbers from 1 up; got '0'"),
        ("run fake/good --data /nowhere", "--data must be a folder with mnist/, fashion-mnist/ or"),
        ("run fake/good --out /dev/null/runs", "--out must be a folder that can be written; got '/dev/null/runs'"),
        ("list everything", "`rewire list` takes no argument without an option; got 'everything'"),
        ("list --everything", "option of `rewire list` must be one of '--json'; got '--everything'"),
        ("report . page.html", "`rewire report` takes one argument without an option; got 'page.html'"),
        ("inspect", "PATH"),
        (
            "inspect /nowhere",
            "PATH must be a folder written by rewire.save or a file such as save_mask writes; got '/no",
        ),
        ("report /nowhere", "RUNS must be a folder written by `rewire run`; got '/nowhere'"),
        ("bench no-such-benchmark", "bench"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(fakes, capsys, words, message):
    assert main(words.split()) == 2
    assert message in one_line(capsys)


def test_cuda_that_is_not_there(fakes, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["run", "fake/good", "--device", "cuda"]) == 2
    assert "without a usable GPU; got 'cuda'; drop --device" in one_line(capsys)


def test_a_run_directory_of_another_config_or_with_unknown_keys(fakes, tmp_path, capsys):
    directory = tmp_path / "fake/good/default-44136f/seed0"
    directory.mkdir(parents=True)
    for config, message in [({"steps": 99}, "with steps=99 (not 12)"), ({"stesp": 99}, "keys must be among steps")]:
        write_json(directory / "config.json", config)
        for words in (["run", "fake/good"], ["run", "fake/good", "--dry-run"]):
            assert main([*words, "--out", str(tmp_path)]) == 2
            assert message in one_line(capsys)


def test_a_folder_that_is_no_saved_model(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("hello")
    assert main(["inspect", str(tmp_path)]) == 2
    assert str(tmp_path) in one_line(capsys)


def test_ctrl_c_prints_the_command_that_resumes(fakes, capsys, monkeypatch, tmp_path):
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "find", interrupted)
    monkeypatch.setattr("rewire.experiments.find", interrupted)
    assert main(["run", "fake/good", "--out", "my runs"]) == 130
    assert one_line(capsys) == "rewire: stopped; to resume: rewire run fake/good --out 'my runs'"


FAKE = Path(__file__).with_name("fake_recipe.py")
BARE = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def command(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, errors="replace", **options)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_streams_that_cannot_encode_everything(tmp_path, encoding):
    """The spread of the table holds a ±, the help its dashes and dots."""
    environment = BARE | {"PYTHONIOENCODING": encoding}
    words = (str(FAKE), "run", "fake/slow", "--out", str(tmp_path / "é"), "--jobs", "2")
    shown, as_json, usage = (command(*words, *more, env=environment) for more in ((), ("--json",), ("--help",)))
    assert (shown.returncode, shown.stderr[-200:].count("codec")) == (0, 0)
    assert "reproduced" in shown.stdout
    assert json.loads(as_json.stdout)[0]["statement"] == "the loss falls"
    assert usage.returncode == 0


def test_the_package_and_the_module_are_the_command():
    for module in ("rewire", "rewire.cli"):
        assert command("-m", module, "rnu").returncode == 2


@pytest.mark.parametrize("words", ["list", "--help"])
def test_a_reader_that_has_seen_enough_is_no_error(words):
    shell = f"{sys.executable} -m rewire {words} | true; exit ${{PIPESTATUS[0]}}"
    process = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (141, "")


def test_ctrl_c_while_modules_load():
    """Whatever is imported late: nothing but one line and 130."""
    code = """
import sys, signal
import rewire.cli
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "tyro":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.exit(rewire.cli.main(["list"]))
"""
    process = command("-c", code)
    assert (process.returncode, process.stderr) == (130, "rewire: stopped; to resume: rewire list\n")


def test_only_run_says_of_a_full_disk_that_it_resumes(fakes, tmp_path, capsys, monkeypatch):
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "page.html")

    monkeypatch.setattr("rewire.report.build", full)
    monkeypatch.setattr("rewire.experiments.run_recipes", full)
    message = "rewire: disk full at page.html; free some space and run the same command again"
    for words, end in ((["report", str(tmp_path)], ""), (["run", "fake/good"], ", it resumes")):
        assert main([*words, "--out", str(tmp_path / "page.html")]) == 2
        assert one_line(capsys) == message + end


def test_a_page_never_replaces_what_is_no_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("rewire.report.build", lambda runs, page: pytest.fail("it began to work"))
    for out in (tmp_path, "/dev/null"):
        assert main(["report", str(tmp_path), "--out", str(out)]) == 2
        assert f"--out must be a file; got {str(out)!r}" in one_line(capsys)
    assert main(["report", str(tmp_path), "--out", "/dev/null/page.html"]) == 2
    assert "--out must be in a folder that can be written; got '/dev/null/page.html'" in one_line(capsys)


def test_finished_runs_can_be_judged_where_nothing_can_be_written(fakes, tmp_path, capsys, monkeypatch):
    words = ["run", "fake/good", "--jobs", "1", "--out", str(tmp_path)]
    main(words)
    capsys.readouterr()
    monkeypatch.setattr("rewire.runs.lock.os.open", lambda *arguments: pytest.fail("it wrote a lock"))
    (tmp_path / "fake/good/quick.json").unlink()
    (tmp_path / "fake/good/quick.json").mkdir()  # root may write to any folder, but not over one
    assert main(words) == 0
    captured = capsys.readouterr()
    assert "reproduced" in captured.out
    assert captured.err.startswith("rewire: results not written: [Errno 21] Is a directory: ")


def test_of_two_commands_on_one_folder_the_second_is_refused_before_it_starts_anything(fakes, tmp_path, capsys):
    (tmp_path / "fake/good").mkdir(parents=True)
    with locked(tmp_path / "fake/good"):
        assert main(["run", "fake/good", "--out", str(tmp_path)]) == 2
        assert f"got {tmp_path / 'fake/good'}, held by process {os.getpid()}; wait for that process" in one_line(capsys)
        assert os.listdir(tmp_path / "fake/good") == [".lock"]


def test_sigterm_saves_as_ctrl_c_does(tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(FAKE), "run", "fake/slow", "--jobs", "1", "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not any(path.stat().st_size for path in tmp_path.rglob("metrics.jsonl")):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.startswith("rewire: stopped; to resume: rewire run fake/slow")
    (metrics,) = tmp_path.rglob("metrics.jsonl")
    saved = json.loads((metrics.parent / "checkpoint.json").read_text())
    assert saved["step"] == metrics.read_bytes().count(b"\n")
