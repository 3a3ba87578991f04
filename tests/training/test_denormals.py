"""Numbers below the normal ones count as 0 within the context, and as before afterwards."""

import torch

from rewire.training.denormals import flushed


def tiny() -> float:
    return (torch.tensor([1e-30]) * 1e-10).item()


def test_small_numbers_are_flushed_within_and_kept_without():
    assert tiny() > 0
    with flushed():
        assert tiny() == 0
        with flushed():
            assert tiny() == 0
        assert tiny() == 0
    assert tiny() > 0


def test_an_error_does_not_leave_them_flushed():
    try:
        with flushed():
            raise KeyError
    except KeyError:
        pass
    assert tiny() > 0
