"""TensorBoard shows the records' numbers at their steps."""

import sys

import pytest

from rewire.runs import JsonLines, read_records
from rewire.runs.tensorboard import TensorBoard


def test_curves_are_the_records(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = TensorBoard(tmp_path)
    sink = JsonLines(tmp_path / "m.jsonl", watch=board.write)
    for step in (10, 20):
        sink.write({"step": step, "task": "red", "split": "test", "accuracy": step / 100})
    sink.write({"bytes": 3})
    board.close()
    events = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert events.Tags()["scalars"] == ["red/test/accuracy"]
    points = [(event.step, pytest.approx(event.value)) for event in events.Scalars("red/test/accuracy")]
    assert points == [(10, 0.1), (20, 0.2)]
    assert len(read_records(sink.path)) == 3


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    with pytest.raises(ImportError, match="pip install rewire"):
        TensorBoard(tmp_path)
