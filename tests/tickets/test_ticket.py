"""Tickets on disk: every bit comes back, into a model of the same architecture and no other."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn

import rewire
from rewire import tickets
from rewire.cli import main
from rewire.files import write_tensors
from rewire.tickets import Ticket, prunable


def network(width: int = 5, bias: bool = True) -> nn.Sequential:
    layers = [nn.Conv2d(2, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, 4, bias=bias)]
    return nn.Sequential(*layers)


def ticket_of(model: nn.Module, keep: float = 0.3) -> Ticket:
    mask = rewire.Mask({name: torch.rand(p.shape) < keep for name, p in prunable(model).items()})
    return Ticket(mask, {n: t.clone() for n, t in model.state_dict().items()}, {"task": "0–4", "levels": [0.5, None]})


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), keep=st.floats(0, 1), dtype=st.sampled_from(["float32", "bfloat16", "float64"]))
def test_what_was_saved_comes_back_to_the_bit(seed, keep, dtype):
    torch.manual_seed(seed)
    ticket = ticket_of(network().to(getattr(torch, dtype)), keep)
    with TemporaryDirectory() as folder:
        loaded = Ticket.load(ticket.save(Path(folder) / "ticket"))
    assert loaded.mask == ticket.mask
    assert loaded.provenance == ticket.provenance
    assert set(loaded.values) == set(ticket.values)
    assert all(torch.equal(loaded.values[n], t) and loaded.values[n].dtype == t.dtype for n, t in ticket.values.items())


def test_apply_loads_all_values_and_zeros_off_the_mask():
    ticket, model = ticket_of(network()), network()
    assert ticket.apply(model) is model
    expected = dict(ticket.values) | ticket.mask.apply({name: ticket.values[name] for name in ticket.mask})
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())
    for tensor in model.state_dict().values():
        tensor.zero_()
    assert all(ticket.values[name].any() for name in ticket.mask)  # the ticket's own are not the model's
    whole = replace(ticket, mask=rewire.Mask.full({name: ticket.values[name] for name in ticket.mask}))
    assert torch.equal(whole.apply(model)[0].weight, ticket.values["0.weight"])


def test_tied_channels_last_and_wrapped_models():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5))
    model[1].weight = model[0].weight
    ticket = Ticket(
        rewire.Mask({"0.weight": torch.rand(5, 3) < 0.5}), {n: p.detach() for n, p in model.named_parameters()}
    )
    fresh = copy.deepcopy(model)
    ticket.apply(torch.compile(fresh, backend="eager"))
    assert torch.equal(fresh[1].weight != 0, ticket.mask["0.weight"])
    conv = network().to(memory_format=torch.channels_last)
    ticket_of(network()).apply(conv)
    assert conv[0].weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (network(6), "'0.weight' is [6, 2, 3, 3] of float32 in the model, [5, 2, 3, 3] of float32 in the values"),
        (network(bias=False), "'3.bias' is missing in the model, [4] of float32 in the values"),
        (network().double(), "'0.weight' is [5, 2, 3, 3] of float64 in the model"),
        (nn.Sequential(*network(), nn.Linear(4, 4)), "'4.weight' is [4, 4] of float32 in the model, missing in the"),
    ],
)
def test_another_architecture_is_refused_with_its_layers_and_left_alone(other, message):
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(ValueError) as error:
        ticket_of(network()).apply(other)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def rewritten(path: Path, change) -> None:
    """The file with its tensors and head changed, as by hand; safetensors itself finds nothing wrong with it."""
    from rewire.files import read_tensors

    tensors, head = read_tensors(path)
    change(tensors, head)
    save_file(tensors, path, head)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors, head: tensors["value/3.bias"].add_(1), "SHA-256"),
        (lambda tensors, head: tensors["mask/3.weight"].bitwise_not_(), "SHA-256"),
        (lambda tensors, head: tensors.pop("value/3.bias"), "SHA-256"),
        (lambda tensors, head: head.update(provenance="{}"), "SHA-256"),
        (lambda tensors, head: head.pop("provenance"), "SHA-256"),
        (lambda tensors, head: head.update(version="2"), "must be of version 1; got '2': use the rewire of then"),
        (lambda tensors, head: head.update(format="other"), "must be of format 'rewire ticket'; got 'other'"),
        (lambda tensors, head: head.clear(), "must be of format 'rewire ticket'; got None"),
    ],
)
def test_an_edited_file_is_refused_in_one_line(change, message, tmp_path):
    path = ticket_of(network()).save(tmp_path / "ticket.safetensors")
    rewritten(path, change)
    with pytest.raises(ValueError) as error:
        Ticket.load(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    path = ticket_of(network()).save(tmp_path / "ticket.safetensors")
    content = path.read_bytes()
    for length in (0, 7, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="must be a whole safetensors file") as error:
            Ticket.load(path)
        assert "\n" not in str(error.value)
    with pytest.raises(FileNotFoundError):
        Ticket.load(tmp_path / "none")


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, words: tensors.update({"mask/9.weight": torch.zeros(1, dtype=torch.uint8)}),
        lambda tensors, words: tensors.update({"mask/3.weight": torch.zeros(99, dtype=torch.uint8)}),
        lambda tensors, words: words.update(provenance="[1]"),
        lambda tensors, words: words.update(provenance="{"),
    ],
)
def test_a_file_with_a_right_checksum_but_wrong_contents_is_refused(change, tmp_path):
    from rewire.tickets.snapshot import digest

    path = ticket_of(network()).save(tmp_path / "ticket.safetensors")
    tensors, words = load_file(path), {"format": "rewire ticket", "version": "1", "provenance": json.dumps({})}
    change(tensors, words)
    write_tensors(path, tensors, words | {"sha256": digest(tensors, words.values())})
    with pytest.raises(ValueError, match=r"must hold a mask and values as Ticket\.save writes them"):
        Ticket.load(path)


def test_a_ticket_that_is_none_cannot_be_made(tmp_path):
    values = {"weight": torch.ones(2, 2)}
    with pytest.raises(ValueError, match="values must hold every tensor of the mask; got none for 'other'"):
        Ticket(rewire.Mask({"other": torch.ones(2, 2) > 0}), values)
    with pytest.raises(ValueError, match="'weight'"):
        Ticket(rewire.Mask({"weight": torch.ones(2, 3) > 0}), values)
    ticket = Ticket(rewire.Mask({"weight": torch.ones(2, 2) > 0}), values, {"model": nn.Linear(1, 1)})
    with pytest.raises(TypeError, match="provenance must be what JSON can hold"):
        ticket.save(tmp_path / "ticket")
    assert not list(tmp_path.iterdir())


def test_inspect_shows_a_ticket_file(tmp_path, capsys):
    ticket = ticket_of(network())
    path = ticket.save(tmp_path / "ticket.safetensors")
    assert main(["inspect", str(path)]) == 0
    header, conv, linear, whole = capsys.readouterr().out.splitlines()
    assert "density" in header
    kept = [str(int(on.count_nonzero())) for on in ticket.mask.values()]
    assert (conv.split()[:4], linear.split()[:4]) == (
        ["0.weight", "5×2×3×3", kept[0], "90"],
        ["3.weight", "4×5", kept[1], "20"],
    )
    assert "0–4" in whole
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["inspect", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (network().to("meta"), r"'0.weight' is on the meta device: call model.to_empty first"),
        (nn.LazyLinear(3), r"'weight' is lazily initialised: run one batch through it"),
    ],
)
def test_a_model_that_cannot_hold_values_is_refused(model, message):
    """torch copies values into the meta device without a word."""
    with pytest.raises(ValueError, match=message):
        ticket_of(network()).apply(model)
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module; got type"):
        ticket_of(network()).apply(nn.Sequential)


def test_a_state_dict_is_as_good_with_tied_weights_and_unsaved_buffers():
    """As `reinit` returns one."""

    def tied() -> nn.Sequential:
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        model[1].weight = model[0].weight
        model.register_buffer("unsaved", torch.ones(2), persistent=False)
        return model

    values, on = tickets.reinit(tied(), torch.Generator().manual_seed(0)), torch.rand(3, 3) < 0.5
    for name in ("0.weight", "1.weight"):
        model = Ticket(rewire.Mask({name: on}), values).apply(tied())
        assert torch.equal(model[1].weight, values["0.weight"].where(on, 0))
        assert torch.equal(model[1].bias, values["1.bias"])
    with pytest.raises(ValueError, match=r"'0.bias' is \[3\] of float32 in the model, missing in the values"):
        Ticket(rewire.Mask({}), {name: t for name, t in values.items() if name != "0.bias"}).apply(tied())
    with pytest.raises(ValueError, match=r"'1.weight' is missing in the model, \[3, 3\] of float32 in the values"):
        Ticket(rewire.Mask({}), values).apply(nn.Sequential(nn.Linear(3, 3)))
