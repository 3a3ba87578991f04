"""The page's examples run as they stand, one after the other, and show what the page says."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "permutations.md"


def test_the_examples_train_rewire_and_store(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    command = [sys.executable, "-W", "error", "-c", "import torch; torch.set_num_threads(1)\n" + "\n".join(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = dict(re.findall(r"(.+): accuracy (\d\.\d+)", done.stdout))
    assert len(accuracy) == 4
    assert min(map(float, accuracy.values())) > 0.6
    assert min(float(accuracy[name]) for name in ("LAPerm", "SGPerm", "trained on")) > 0.8
    assert re.findall(r"the same \w+: (\w+)", done.stdout) == ["True"] * 3
    size, plain = map(int, re.findall(r"(\d+) bytes in place of (\d+)", done.stdout)[0])
    assert size < 0.24 * plain
    assert int(re.findall(r"(\d+) wires elsewhere", done.stdout)[0]) > 0
