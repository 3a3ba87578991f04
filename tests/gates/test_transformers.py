"""Models of the transformers library, built from small configurations: nothing is downloaded."""

import pytest
import torch
from zoo import TASKS, same, snapshot

import rewire

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore")


def gpt2():
    config = transformers.GPT2Config(
        vocab_size=32, n_positions=8, n_embd=8, n_layer=2, n_head=2, attn_implementation="eager"
    )
    return transformers.GPT2LMHeadModel(config)


def bert():
    config = transformers.BertConfig(
        vocab_size=32, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=8,
    )  # fmt: skip
    return transformers.BertForMaskedLM(config)


@pytest.mark.parametrize("build", [gpt2, bert])
def test_a_language_model_with_tied_embeddings(build, tmp_path):
    torch.manual_seed(0)
    model = rewire.gate(build().eval(), TASKS, rewire.Sigmoid(std=1.0))
    x = torch.randint(32, (3, 8))
    with torch.no_grad():
        found = {task: rewire.switch(model, task)(x).logits for task in TASKS}
        assert not torch.allclose(found["day"], found["night"])
        inputs, head = model.get_input_embeddings(), model.get_output_embeddings()
        assert inputs.parametrizations.weight[0] is head.parametrizations.weight[0]
        merged = rewire.merge(model, "night")
        assert merged.get_input_embeddings().weight is merged.get_output_embeddings().weight
        assert torch.equal(merged(x).logits, found["night"])
        rewire.save(model, tmp_path)
        loaded = rewire.load(build().eval(), tmp_path)
        assert same({task: rewire.switch(loaded, task)(x).logits for task in TASKS}, found)
        mixture = rewire.mixed(loaded, x, ["dusk", "day", "night"])
        for row, task in enumerate(["dusk", "day", "night"]):
            torch.testing.assert_close(mixture.logits[row], found[task][row], atol=1e-5, rtol=1e-4)


def test_a_step_trains_the_active_task_and_the_values():
    torch.manual_seed(0)
    model = rewire.gate(gpt2(), TASKS)
    optimizer = torch.optim.AdamW(rewire.param_groups(model, 1e-2))
    before = snapshot(model)
    x = torch.randint(32, (3, 8))
    rewire.switch(model, "night")(x, labels=x).loss.backward()
    optimizer.step()
    after = snapshot(model)
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    assert any(name.endswith("weight.original") for name in moved)
    tasks = {name.rpartition(".task")[2] for name in moved if ".task" in name}
    assert tasks == {str(TASKS.index("night"))}
