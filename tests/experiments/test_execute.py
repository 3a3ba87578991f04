"""Many runs, several processes: none lost to another's failure, none repeated, none different for being interrupted."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fake_recipe import Config, calm, recipe, register, troubled
from rewire.cli import main
from rewire.experiments import Finished, Stage, collect, outline, plan, run_recipes
from rewire.runs import read_json, read_records, run_state, write_json

FAKE = Path(__file__).parents[1] / "fake_recipe.py"


def metrics(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("metrics.jsonl"))}


def failures(finished: Finished) -> dict[str, str]:
    return {job.label: failure.message for job, failure in finished.failures}


def test_runs_claims_and_the_results_file(tmp_path):
    finished = run_recipes([recipe("good", calm())], out=tmp_path, jobs=2)
    assert not finished.failures
    (row,) = finished.rows
    assert (row["recipe"], row["claim"], row["verdict"], row["n"]) == ("fake/good", "F-1", "reproduced", 2)
    result = read_json(tmp_path / "fake/good/quick.json")
    assert result == finished.results[0]
    assert (result["runs"], result["seeds"], result["threads"]) == (2, [0, 1], 1)
    assert result["seconds"] == row["seconds"]
    assert set(result["versions"]) == {"python", "torch", "numpy", "rewire", "commit"}


def test_a_results_file_tells_what_stood_behind_the_runs_not_behind_their_judging(tmp_path):
    good = recipe("good", calm())
    run_recipes([good], out=tmp_path, jobs=1)
    for path, commit in zip(sorted(tmp_path.rglob("env.json")), ("abc", "def"), strict=True):
        write_json(path, read_json(path) | {"commit": commit, "cpu": "an old chip", "cores": 64, "torch": "2.6.0"})
    result = run_recipes([good], out=tmp_path).results[0]
    assert result["hardware"] == "an old chip, 64 cores"
    assert (result["versions"]["commit"], result["versions"]["torch"]) == ("abc; def", "2.6.0")


def test_two_seeds_differ_and_what_is_done_is_not_repeated(tmp_path):
    good = recipe("good", calm())
    run_recipes([good], out=tmp_path, jobs=2)
    first, second = metrics(tmp_path).values()
    assert first != second
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed*/*")}
    again = run_recipes([good], out=tmp_path, jobs=2)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed*/*")} == before
    assert again.rows[0]["verdict"] == "reproduced"


def test_seeds_can_be_chosen(tmp_path):
    finished = run_recipes([recipe("good", calm())], out=tmp_path, seeds=[7], jobs=1)
    assert finished.results[0]["seeds"] == [7]
    assert finished.rows[0]["n"] == 1


def test_a_seed_named_twice_is_one_run(tmp_path):
    assert run_recipes([recipe("good", calm())], out=tmp_path, seeds=[7, 7], jobs=1).rows[0]["n"] == 1


def test_a_seed_of_several_loses_no_run_that_is_done_and_the_command_names_the_seeds(tmp_path):
    good = recipe("good", calm())
    (one,) = run_recipes([good], out=tmp_path, seeds=[1], jobs=1).results
    assert (one["seeds"], one["command"]) == ([1], "rewire run fake/good --budget quick --seeds 1")
    (every,) = run_recipes([good], out=tmp_path, jobs=1).results
    (again,) = run_recipes([good], out=tmp_path, seeds=[1], jobs=1).results
    assert again == every
    assert (again["seeds"], again["command"]) == ([0, 1], "rewire run fake/good --budget quick")
    (more,) = run_recipes([good], out=tmp_path, seeds=[7], jobs=1).results
    assert (more["seeds"], more["command"]) == ([0, 1, 7], "rewire run fake/good --budget quick --seeds 0 1 7")


def test_lost_records_are_not_judged_as_a_whole_run(tmp_path):
    good = recipe("good", calm())
    run_recipes([good], out=tmp_path, jobs=1)
    path = plan(good, "quick", tmp_path)[0].directory / "metrics.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"metrics\.jsonl must hold all records of its run; got 6 of 12; delete"):
        run_recipes([good], out=tmp_path, jobs=1)
    path.unlink()
    with pytest.raises(ValueError, match=r"got 0 of 12"):
        collect(plan(good, "quick", tmp_path))


def test_a_failing_run_is_named_and_costs_no_other_run(tmp_path):
    """Among them a worker process that is killed: one worker, so its successor must take over the queue."""
    troubles = ["death", "nan", "data", "bug", "full"]
    mixed = recipe("mixed", *(troubled(trouble) for trouble in troubles), calm())
    finished = run_recipes([mixed], out=tmp_path, jobs=1)
    assert finished.rows[0]["verdict"] == "reproduced"
    assert finished.rows[0]["n"] == 2
    messages = failures(finished)
    assert messages == {
        "death": "the worker process died (SIGKILL; out of memory? try --jobs 1)",
        "nan": "loss must be finite; got nan at step 7 of task 'red'",
        "data": "mnist/train-images must have magic 2051; got 7; download it again",
        "bug": "KeyError: 'accuracy'",
        "full": "disk full; free some space and run the same command again, it resumes",
    }
    assert {job.label for job, failure in finished.failures if failure.bad_input} == {"data", "full"}
    for job, _ in finished.failures:
        assert run_state(job.directory) == "interrupted"
        assert (job.directory / "error.txt").exists() == (job.label != "death")
    assert "KeyError" in next(job.directory / "error.txt" for job in plan(mixed, "quick", tmp_path)[3:]).read_text()


def test_a_failed_run_resumes_into_the_records_of_one_that_never_failed(tmp_path):
    run_recipes([recipe("mixed", troubled("nan"))], out=tmp_path / "failed", jobs=1)
    (job,) = plan(recipe("mixed", troubled("nan")), "quick", tmp_path / "failed")
    assert len(read_records(job.directory / "metrics.jsonl")) == 7
    from rewire.experiments.worker import Settings, attempt

    healed = replace(job, execute=lambda config, context: job.execute(Config(), context))
    assert attempt(healed, Settings(), lambda state: None) is None
    assert not (job.directory / "error.txt").exists()
    run_recipes([recipe("mixed", calm())], out=tmp_path / "whole", jobs=1, seeds=[0])
    assert [*metrics(tmp_path / "failed").values()] == [*metrics(tmp_path / "whole").values()]


def test_nothing_is_judged_or_overwritten_when_nothing_ran(tmp_path):
    finished = run_recipes([recipe("mixed", troubled("data"))], out=tmp_path, jobs=1)
    assert finished.rows[0]["verdict"] == "not run"
    assert not (tmp_path / "fake/mixed/quick.json").exists()


def test_stages_of_one_config_share_one_run_and_unfinished_ones_give_no_records(tmp_path):
    twins = recipe("twins", calm(), replace(calm(), label="also calm"), troubled("nan"))
    finished = run_recipes([twins], out=tmp_path, jobs=2)
    assert finished.results[0]["runs"] == 2
    records = collect(plan(twins, "quick", tmp_path))
    assert {label: len(rows) for label, rows in records.by("label").items()} == {"calm": 24, "also calm": 24}


def test_exclusive_runs_are_alone(tmp_path):
    """Their time spans overlap with nobody's."""
    timed = [Stage(f"timed {i}", Config(steps=6 + i, delay=0.02), (0,), exclusive=True) for i in range(2)]
    run_recipes([recipe("timing", *timed, calm(delay=0.01))], out=tmp_path, jobs=2)
    jobs = plan(recipe("timing", *timed, calm(delay=0.01)), "quick", tmp_path)
    spans = [
        ((job.directory / "config.json").stat().st_mtime, (job.directory / "done.json").stat().st_mtime, job)
        for job in jobs
    ]
    for start, end, job in spans:
        others = [(s, e) for s, e, other in spans if other is not job]
        if job.exclusive:
            assert all(e <= start or s >= end for s, e in others)


def test_another_configs_directory_is_refused_before_anything_runs(tmp_path):
    good = recipe("good", calm())
    job = plan(good, "quick", tmp_path)[1]
    job.directory.mkdir(parents=True)
    (job.directory / "config.json").write_text('{"steps": 99}')
    with pytest.raises(ValueError, match=r"with steps=99 \(not 12\)"):
        run_recipes([good], out=tmp_path, jobs=1)
    with pytest.raises(ValueError, match=r"with steps=99 \(not 12\)"):
        outline(good, "quick", tmp_path)
    assert not metrics(tmp_path)


def test_bad_data_is_refused_before_anything_starts_and_only_while_something_is_pending(tmp_path, monkeypatch, capsys):
    good = recipe("good", calm())
    needy = replace(good, data=("mnist",))
    register(monkeypatch, needy)
    assert main(["run", "fake/good", "--out", str(tmp_path / "out"), "--data", str(tmp_path), "--jobs", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rewire: data must hold a folder mnist/; got ")
    assert not list(tmp_path.rglob("seed*"))
    run_recipes([good], out=tmp_path / "out", jobs=1)
    (row,) = run_recipes([needy], out=tmp_path / "out", data=tmp_path, jobs=1).rows
    assert row["verdict"] == "reproduced"


def test_the_outline_says_what_is_done(tmp_path):
    good = recipe("good", calm())
    run_recipes([good], out=tmp_path, jobs=1, seeds=[1])
    (row,) = outline(good, "quick", tmp_path)
    assert (row["stage"], row["seeds"], row["done"], row["pending"]) == ("calm", [0, 1], 1, 1)
    assert row["config"] == {"steps": 12, "delay": 0.0, "trouble": ""}
    assert row["directory"] == str(tmp_path / "fake" / "good" / "default-44136f")


def command(out: Path) -> list[str]:
    return [sys.executable, str(FAKE), "run", "fake/slow", "--out", str(out), "--jobs", "2"]


def wait_for_records(out: Path, process: subprocess.Popen, n: int) -> None:
    while process.poll() is None and sum(content.count(b"\n") for content in metrics(out).values()) < n:
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be interrupted"


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("uninterrupted")
    subprocess.run(command(out), check=True, capture_output=True)
    return metrics(out)


@pytest.mark.parametrize("records", [(1,), (17, 31)])
def test_kill_9_at_any_moment_and_the_same_command_again(tmp_path, uninterrupted, records):
    """Only the parent is killed: its workers must notice and let go of the directories."""
    for n in records:
        process = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_records(tmp_path, process, n)
        process.kill()
        process.wait()
    finished = subprocess.run(command(tmp_path), capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert metrics(tmp_path) == uninterrupted


def test_ctrl_c_saves_and_prints_the_command_that_resumes(tmp_path, uninterrupted):
    """As from a terminal: the signal reaches the whole process group."""
    process = subprocess.Popen(
        command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_for_records(tmp_path, process, 14)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stdout == ""
    lines = stderr.splitlines()
    assert lines == [f"rewire: stopped; to resume: rewire run fake/slow --out {tmp_path} --jobs 2"]
    for directory in (tmp_path / "fake/slow").glob("*/seed*"):
        saved = read_json(directory / "checkpoint.json")["step"]
        assert saved == len(read_records(directory / "metrics.jsonl"))  # saved at the signal, not only every 5 steps
    subprocess.run(command(tmp_path), check=True, capture_output=True)
    assert metrics(tmp_path) == uninterrupted
