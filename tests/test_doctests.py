"""The examples in the documentation of every module run as they stand."""

import doctest
import importlib
import pkgutil

import pytest
import torch
from torch import nn

import rewire
from rewire import tasks

MODULES = ["rewire", *(module.name for module in pkgutil.walk_packages(rewire.__path__, "rewire."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path):
    module = importlib.import_module(name)
    names = {"rewire": rewire, "tasks": tasks, "torch": torch, "nn": nn, "tmp": tmp_path}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs=names):
        torch.manual_seed(0)
        failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        assert not failed, f"an example of {test.name} failed; its output is above"
