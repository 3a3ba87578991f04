"""Recipes: the experiments of the papers as data, with the claims they test and the code that runs them."""

from rewire.experiments.claim import VERDICTS, Claim, Outcome, judge, summarise
from rewire.experiments.execute import Finished, run_recipes
from rewire.experiments.plan import collect, outline, plan
from rewire.experiments.recipe import BUDGETS, Context, Recipe, Stage
from rewire.experiments.registry import find, match, recipes

__all__ = [
    "BUDGETS",
    "VERDICTS",
    "Claim",
    "Context",
    "Finished",
    "Outcome",
    "Recipe",
    "Stage",
    "collect",
    "find",
    "judge",
    "match",
    "outline",
    "plan",
    "recipes",
    "run_recipes",
    "summarise",
]
