"""What stands behind a number is written down, and a device that is not there is refused."""

import pytest
import torch

from rewire.runs import capture, hardware, resolve_device


def test_the_environment_names_versions_hardware_and_threads():
    environment = capture("cpu", threads=1)
    assert environment["torch"] == torch.__version__
    assert environment["threads"] == 1
    assert environment["gpu"] is None
    assert environment["cores"] >= 1
    assert environment["commit"] is None or len(environment["commit"].removesuffix("+changes")) == 40
    assert hardware(environment) == f"{environment['cpu']}, {environment['cores']} cores"
    assert hardware({**environment, "gpu": "NVIDIA H200"}).endswith("cores, NVIDIA H200")


def test_devices_are_resolved_or_refused(monkeypatch):
    assert resolve_device("cpu") == "cpu"
    with pytest.raises(ValueError, match="device must be one of 'auto', 'cpu', 'cuda'; got 'gpu'"):
        resolve_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(ValueError, match="without a usable GPU; got 'cuda'; drop --device"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("cuda") == "cuda"
