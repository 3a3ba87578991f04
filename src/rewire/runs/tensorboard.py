"""Records as TensorBoard curves, for those who have it: `pip install rewire[tensorboard]`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class TensorBoard:
    """Draws each numeric value of a record at its "step", under a tag of its texts, such as "red/test/accuracy".

    Hand its `write` to the records' own sink, which stays the one that counts:
    `JsonLines(path, watch=TensorBoard(directory).write)`. Raises ImportError without the extra.
    """

    def __init__(self, directory: Path) -> None:
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError:
            raise ImportError(
                "TensorBoard must be installed; got none; run `pip install rewire[tensorboard]`"
            ) from None
        self._writer = SummaryWriter(str(directory))

    def write(self, record: Mapping[str, Any]) -> None:
        """Add the record's numbers; one without a "step" has no place on a curve and is left out."""
        if "step" not in record:
            return
        texts = [value for value in record.values() if isinstance(value, str)]
        for key, value in record.items():
            if key != "step" and isinstance(value, int | float):
                self._writer.add_scalar("/".join([*texts, key]), value, record["step"])

    def close(self) -> None:
        """Flush and end the event file."""
        self._writer.close()
