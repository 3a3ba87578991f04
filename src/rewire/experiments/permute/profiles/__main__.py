"""Profiles of a checkpoint of yours: `python -m rewire.experiments.permute.profiles model.safetensors [FOLDER]`.

Prints, for every weight with vectors to compare, their distance and the control's; draws into FOLDER if one is named.
Only safetensors files are read: torch's own format can hold programs. `safetensors.torch.save_file` makes one.
"""

import sys
from pathlib import Path

import torch

from rewire.experiments.permute.profiles.figures import profile_figure
from rewire.experiments.permute.profiles.rows import band_records, distance_records
from rewire.figures import save
from rewire.files import read_tensors
from rewire.table import show


def main(arguments: list[str]) -> int:
    """0, or 2 with one line on stderr where the file cannot be read or holds no weight vectors."""
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        tensors, _ = read_tensors(path)
        found = list(distance_records(tensors, torch.Generator().manual_seed(0)))
        if not found:
            raise ValueError(f"{path} must hold weights of two or more dimensions; got none: save a network's state")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    show(found)
    if arguments[1:]:
        bands = band_records(tensors, torch.Generator().manual_seed(0))
        figure = profile_figure("profiles", f"Weight profiles: {path.name}", bands, f"Sorted weight vectors of {path}.")
        print(save(figure, Path(arguments[1])).png)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
