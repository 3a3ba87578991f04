"""The masks of a run that may be killed: one small file per finished task."""

from pathlib import Path

from rewire.gates import Superposition
from rewire.masks import Mask, load_mask, save_mask

FOLDER = "masks"


class Memory:
    """Finished tasks in a folder of the run's own, so that a killed run trains none of them again."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / FOLDER
        self.folder.mkdir(exist_ok=True)

    def keep(self, many: Superposition, task: str) -> None:
        save_mask(Mask(many.bank.masks(task)), self._path(task), {"task": task})

    def recall(self, many: Superposition, task: str) -> bool:
        """Whether the task was there, and is finished now."""
        path = self._path(task)
        if path.exists():
            many.add(task, load_mask(path))
        return path.exists()

    def _path(self, task: str) -> Path:
        return self.folder / f"{task}.safetensors"
