"""The page's example runs as it stands and shows what the page says."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tickets.md"


BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def printed(code: str, directory: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", "import torch; torch.manual_seed(0)\n" + code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_finds_a_ticket_and_trains_it_again_to_the_same_accuracy(tmp_path):
    text = printed(BLOCKS[0], tmp_path)
    densities = [float(number) for number in re.findall(r"([\d.]+)% left", text)]
    *levels, again = [float(number) for number in re.findall(r"accuracy'?:? (\d\.\d+)", text)]
    assert densities == [100.0, 54.1, 30.3, 17.7, 10.9]
    assert round(again, 3) == levels[-1]
    assert min(levels) > 0.8


def test_actions_and_masks_without_training_run_after_it(tmp_path):
    last = printed("\n".join(BLOCKS), tmp_path).splitlines()[-1]
    assert float(last.rpartition(" ")[2]) > 0.5  # the best mask on an untrained network
