"""The page's example runs as it stands and shows what the page says."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tickets.md"


def test_the_example_finds_a_ticket_and_trains_it_again_to_the_same_accuracy(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    command = [sys.executable, "-W", "error", "-c", "import torch; torch.manual_seed(0)\n" + code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    densities = [float(number) for number in re.findall(r"([\d.]+)% left", done.stdout)]
    *levels, again = [float(number) for number in re.findall(r"accuracy'?:? (\d\.\d+)", done.stdout)]
    assert densities == [100.0, 54.1, 30.3, 17.7, 10.9]
    assert round(again, 3) == levels[-1]
    assert min(levels) > 0.8
