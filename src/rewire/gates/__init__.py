"""Per-task gates over shared weights: w_task = values ⊙ switch(score_task)."""

from rewire.gates.active import active_task, per_task, restored, switch, tasks_of
from rewire.gates.add import add_task
from rewire.gates.attach import gate
from rewire.gates.bernoulli import Bernoulli
from rewire.gates.binarize import binarize
from rewire.gates.combination import fit_combination
from rewire.gates.constants import freeze_values, signed_constant, signed_constant_
from rewire.gates.describe import describe
from rewire.gates.gate import Gate, PerTask
from rewire.gates.groups import absolute, gaussian, param_groups, score_speed
from rewire.gates.inference import infer_task
from rewire.gates.merge import merge
from rewire.gates.mixed import cached, mixed
from rewire.gates.parts import masks, scores, values
from rewire.gates.samples import mean_of_samples, sampled
from rewire.gates.settings import Schedule, global_densities, set_density, set_temperature
from rewire.gates.storage import load, save
from rewire.gates.superposition import Bank, Superposition, load_superposition, save_superposition
from rewire.gates.switches import Hard, Own, Sigmoid, Switch
from rewire.gates.topk import TopK
from rewire.gates.usage import density, input_usage, overlap, pixel_usage, usage

__all__ = [
    "Bank",
    "Bernoulli",
    "Gate",
    "Hard",
    "Own",
    "PerTask",
    "Schedule",
    "Sigmoid",
    "Superposition",
    "Switch",
    "TopK",
    "absolute",
    "active_task",
    "add_task",
    "binarize",
    "cached",
    "density",
    "describe",
    "fit_combination",
    "freeze_values",
    "gate",
    "gaussian",
    "global_densities",
    "infer_task",
    "input_usage",
    "load",
    "load_superposition",
    "masks",
    "mean_of_samples",
    "merge",
    "mixed",
    "overlap",
    "param_groups",
    "per_task",
    "pixel_usage",
    "restored",
    "sampled",
    "save",
    "save_superposition",
    "score_speed",
    "scores",
    "set_density",
    "set_temperature",
    "signed_constant",
    "signed_constant_",
    "switch",
    "tasks_of",
    "usage",
    "values",
]
