"""What a ticket file holds: the density of each masked tensor, and where the ticket is from."""

from pathlib import Path

from rewire.tickets.ticket import Ticket


def describe(path: str | Path) -> list[dict[str, object]]:
    """One row for each masked tensor of a ticket file, and a last one for the whole ticket, with its provenance.

    Returns rows {"tensor", "shape", "kept", "size", "density"}; the last has "values" too, the number of all parameters
    and buffers, "bytes" of the file and what the ticket's provenance says. Raises as `Ticket.load` does.

    >>> values = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}
    >>> mask = rewire.Mask({"weight": torch.arange(6).view(2, 3) > 2})
    >>> rows = describe(Ticket(mask, values, {"level": 3}).save(tmp / "ticket.safetensors"))
    >>> [(row["tensor"], row["density"]) for row in rows], rows[-1]["values"], rows[-1]["level"]
    ([('weight', 0.5), ('whole ticket', 0.5)], 8, 3)
    """
    ticket = Ticket.load(path)
    mask, densities = ticket.mask, ticket.mask.densities()
    whole = {"tensor": "whole ticket", "kept": mask.kept, "size": mask.size, "density": mask.density}
    whole |= {"values": sum(tensor.numel() for tensor in ticket.values.values()), "bytes": Path(path).stat().st_size}
    return [
        *(
            {"tensor": name, "shape": "×".join(map(str, on.shape)), "kept": int(on.count_nonzero())}
            | {"size": on.numel(), "density": densities[name]}
            for name, on in mask.items()
        ),
        whole | {name: said for name, said in ticket.provenance.items() if name not in whole},
    ]
