"""Every way in which a folder, or the model it is loaded into, can be the wrong one."""

import json

import pytest
import torch
from torch import nn
from zoo import Tied, example, gated_example, outputs, same, snapshot

import rewire


def edit(tmp_path, change):
    config = tmp_path / "config.json"
    raw = json.loads(config.read_text())
    config.write_text(json.dumps(change(raw) or raw))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)


def rename_gate(raw):
    raw["gates"]["nope.weight"] = raw["gates"].pop("0.weight")


DAMAGE = {
    "no config": (lambda d: (d / "config.json").unlink(), "directory must hold config.json"),
    "not JSON": (lambda d: (d / "config.json").write_text("{"), "config.json must be JSON"),
    "a list": (lambda d: edit(d, lambda raw: [1]), "must be of format 'rewire gates'; got None"),
    "foreign": (lambda d: edit(d, lambda raw: {"format": "peft"}), "must be of format 'rewire gates'; got 'peft'"),
    "newer": (lambda d: edit(d, lambda raw: raw.update(version=2)), "must be of version 1; got 2"),
    "unknown key": (lambda d: edit(d, lambda raw: raw.update(extra=1)), "must list the fields .*extra"),
    "missing key": (lambda d: edit(d, lambda raw: raw.pop("tasks") and None), "must list the fields .*tasks"),
    "no gates": (lambda d: edit(d, lambda raw: raw.update(gates={})), "must list gates and a file for each task"),
    "task without file": (lambda d: edit(d, lambda raw: raw["tasks"].append("x")), "a file for each task"),
    "unknown switch": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"]["switch"].update(name="Sigmiod")),
        "switch must be one of 'Sigmoid', .*'Own'; got 'Sigmiod' .did you mean 'Sigmoid'|in the file Sigmiod",
    ),
    "switch without a name": (lambda d: edit(d, lambda raw: raw["gates"]["0.weight"]["switch"].clear()), "a switch"),
    "dtype": (lambda d: edit(d, lambda raw: raw["gates"]["0.weight"].update(dtype="float99")), "must give a dtype"),
    "gate elsewhere": (lambda d: edit(d, rename_gate), "saved gates must be of saved tensors; 'nope.weight' is not"),
    "tied to nothing": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"].update(same_as="x")),
        "must list 'x', which '0.weight' is tied to",
    ),
    "path": (
        lambda d: edit(d, lambda raw: raw["values"].update(name="../" + raw["values"]["name"])),
        "must name files of its own folder",
    ),
    "other file": (lambda d: edit(d, lambda raw: raw["values"].update(name="passwd")), "files of its own folder"),
    "no file": (lambda d: next(d.glob("task-0-*")).unlink(), "must be there, since config.json names it"),
    "duplicate task": (lambda d: edit(d, lambda raw: raw["tasks"].append("day")), "must list distinct tasks"),
    "tasks in one word": (lambda d: edit(d, lambda raw: raw.update(tasks="day")), r"expected list @ \$\.tasks"),
    "a word for a truth": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"].update(trained="false")),
        "expected bool @ .*trained",
    ),
    "half a row": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"].update(shape=[5.0, 4.5])),
        r"must list the fields that rewire.save writes; got: .*shape",
    ),
    "negative shape": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"].update(shape=[-5, -4])),
        r"must give the shape of '0.weight'; got \[-5, -4\]",
    ),
    "a list for a name": (
        lambda d: edit(d, lambda raw: raw["gates"]["0.weight"]["switch"].update(name=[])),
        r"switch must be one of 'Sigmoid', .*'Own'; got \[\]|in the file \[\]",
    ),
    "lists in lists": (
        lambda d: (d / "config.json").write_text("[" * 100_000),
        "config.json must be JSON; got maximum",
    ),
    "5000 digits": (
        lambda d: (d / "config.json").write_text('{"version": ' + "9" * 5000 + "}"),
        "config.json must be JSON; got Exceeds",
    ),
    "truncated": (lambda d: truncate(next(d.glob("values-*"))), "it is truncated or another save's"),
    "flipped bit": (lambda d: flip(next(d.glob("task-2-*"))), "must have SHA-256 .*changed after it was saved"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("gated", [False, True])
def test_a_damaged_save_is_refused_in_one_line_and_the_model_stays(damage, gated, tmp_path):
    model, _ = gated_example("MLP")
    rewire.save(model, tmp_path)
    hurt, message = DAMAGE[damage]
    hurt(tmp_path)
    target, x = gated_example("MLP", seed=1) if gated else example("MLP", seed=1)
    state, y = snapshot(target), target(x)
    with pytest.raises(ValueError, match=message) as error:
        rewire.load(target, tmp_path)
    assert "\n" not in str(error.value)
    assert same(snapshot(target), state)
    assert torch.equal(target(x), y)


def test_a_switch_with_other_fields_is_refused_where_it_must_be_made(tmp_path):
    model, x = gated_example("MLP")
    rewire.save(model, tmp_path)
    edit(tmp_path, lambda raw: raw["gates"]["0.weight"]["switch"].update(warmth=1))
    with pytest.raises(ValueError, match=r"switch must have the fields of Sigmoid; got .*warmth"):
        rewire.load(example("MLP")[0], tmp_path)
    gated, _ = gated_example("MLP", seed=1)
    assert same(outputs(rewire.load(gated, tmp_path), x), outputs(model, x))


@pytest.mark.parametrize("read", [rewire.gates.describe, lambda path: rewire.load(nn.Linear(4, 3), path)])
def test_a_shape_changed_to_one_of_as_many_bits_is_refused(read, tmp_path):
    rewire.save(rewire.gate(nn.Linear(4, 3), ["day"], rewire.Hard()), tmp_path)
    edit(tmp_path, lambda raw: raw["gates"]["weight"].update(shape=[2, 6]))
    with pytest.raises(ValueError, match=r"saved gates must be of saved tensors; 'weight' is not"):
        read(tmp_path)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_save_is_not_described_either(damage, tmp_path):
    rewire.save(gated_example("MLP")[0], tmp_path)
    DAMAGE[damage][0](tmp_path)
    with pytest.raises(ValueError) as error:
        rewire.gates.describe(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", [10**30, 10**400])
def test_a_switch_with_huge_numbers_is_made_or_refused(number, tmp_path):
    model, x = gated_example("MLP", "hard")
    rewire.save(model, tmp_path)
    edit(tmp_path, lambda raw: raw["gates"]["0.weight"]["switch"].update(mean=number, std=number))
    if number > 10**300:
        with pytest.raises(ValueError, match="switch must have the fields of Hard"):
            rewire.load(example("MLP")[0], tmp_path)
    else:
        assert same(outputs(rewire.load(example("MLP")[0], tmp_path), x), outputs(model, x))


def test_complex_buffers_are_not_cut_to_real_ones(tmp_path):
    def model(dtype):
        plain = nn.Linear(2, 2)
        plain.register_buffer("wave", torch.ones(2, dtype=dtype))
        return plain

    rewire.save(rewire.gate(model(torch.complex64), ["a"]), tmp_path)
    with pytest.raises(ValueError, match="'wave' is real in the model and complex in the file"):
        rewire.load(model(torch.float32), tmp_path)


def test_a_missing_folder_and_a_plain_model_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"directory must hold config.json"):
        rewire.load(nn.Linear(2, 2), tmp_path / "nowhere")
    with pytest.raises(ValueError, match="must be gated; got a plain module"):
        rewire.save(nn.Linear(2, 2), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


class Untied(Tied):
    def __init__(self):
        super().__init__()
        self.decoder.weight = nn.Parameter(self.decoder.weight.detach().clone())


def tied_under_another_name():
    model = Tied()
    model.out = model.decoder
    del model.decoder
    return model


OTHERS = {
    "wider": (lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)), "MLP", r"'0.weight' is \[6, 4\] in"),
    "deeper": (lambda: nn.Sequential(*example("MLP")[0], nn.Linear(3, 3)), "MLP", r"'3.weight' is \[3, 3\] .* absent"),
    "shallower": (lambda: nn.Sequential(nn.Linear(4, 5)), "MLP", r"'2.bias' is absent in the model and \[3\]"),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(5), nn.ReLU(), nn.Linear(5, 3)), "MLP", "is lazily initialised in"),
    "untied": (Untied, "Tied", r"'decoder.weight' is \[5, 4\] in the model and absent"),
    "tied elsewhere": (tied_under_another_name, "Tied", "'out.bias'|'decoder.bias'"),
    "other gates": (lambda: gated_example("MLP", modules="0")[0], "MLP", "'2.weight' has no gate, in the file Sigmoid"),
    "other switch": (lambda: gated_example("MLP", "hard")[0], "MLP", "'0.weight' has Hard, in the file Sigmoid"),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_another_architecture_is_refused_naming_the_first_difference(other, tmp_path):
    build, kind, message = OTHERS[other]
    rewire.save(gated_example(kind)[0], tmp_path)
    target = build()
    names = [name for name, _ in target.named_parameters()]
    with pytest.raises(ValueError, match=message) as error:
        rewire.load(target, tmp_path)
    assert "\n" not in str(error.value)
    assert [name for name, _ in target.named_parameters()] == names


@pytest.mark.parametrize(
    ("tasks", "kind", "message"),
    [
        (["nigth"], ValueError, "tasks must be one of .*did you mean 'night'"),
        ([], ValueError, "tasks must name at least one task"),
        ("day", TypeError, "tasks must be a list of names"),
        (["day", "day"], ValueError, "tasks must be distinct"),
    ],
)
def test_unknown_tasks_are_refused(tasks, kind, message, tmp_path):
    rewire.save(gated_example("MLP")[0], tmp_path)
    target, _ = example("MLP")
    with pytest.raises(kind, match=message):
        rewire.load(target, tmp_path, tasks)
    assert type(target[0]) is nn.Linear
