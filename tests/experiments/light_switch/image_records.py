"""Hand-made records for the tests of the image recipes."""

from collections.abc import Sequence

from rewire.runs import Records


def accuracy(label: str, task: str, values: Sequence[float], step: int = 490) -> Records:
    """One test accuracy per seed."""
    return Records(
        [
            {"label": label, "seed": seed, "step": step, "task": task, "split": "test", "accuracy": value}
            for seed, value in enumerate(values)
        ]
    )


def joined(*tables: Records) -> Records:
    """All rows of the tables."""
    return Records([row for table in tables for row in table])


def claim(recipe, name: str):
    """The claim of a recipe with this id."""
    return next(claim for claim in recipe.claims if claim.id == name)
