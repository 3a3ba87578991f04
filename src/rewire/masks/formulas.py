"""The formulas of the criteria, one plain function each, for one tensor. The weights with the highest scores are kept.

Parameter names say which evidence a formula needs: `init` and `final` values, `gradient`, `hessian_gradient`, `fisher`,
`curvature`, `flow`, each of the tensor's shape.
"""

import torch
from torch import Generator, Tensor


def magnitude(final: Tensor) -> Tensor:
    """|w_f|: what training made large (Han et al. 2015; Frankle & Carbin 2019; Zhou's large_final)."""
    return final.abs()


def quality(final: Tensor) -> Tensor:
    """|w_f| / σ, in standard deviations of the tensor: a cut at q is Han et al. 2015's threshold q·σ (§3.1).

    One quality for all layers is a global selection by this score; see also `masks.threshold`.
    """
    deviation = (final - final.mean()).square().mean().sqrt()
    return final.abs() / deviation.clamp(min=torch.finfo(final.dtype).tiny)


def small_final(final: Tensor) -> Tensor:
    """−|w_f|, the opposite of `magnitude` (Zhou et al. 2019, table 1)."""
    return -final.abs()


def large_init(init: Tensor) -> Tensor:
    """|w_i|: what was large before training (Zhou et al. 2019, table 1)."""
    return init.abs()


def small_init(init: Tensor) -> Tensor:
    """−|w_i|, the opposite of `large_init` (Zhou et al. 2019, table 1)."""
    return -init.abs()


def large_init_large_final(init: Tensor, final: Tensor) -> Tensor:
    """min(α|w_f|, |w_i|): large before and after (Zhou et al. 2019, table 1), in [0, 1].

    Their α matches percentiles: where the cut is made, as many weights have a |w_i| above it as an α|w_f|. No single
    number does that at every keep, so each magnitude is first put on the scale of its own percentiles.
    """
    return torch.minimum(_percentile(init.abs()), _percentile(final.abs()))


def small_init_small_final(init: Tensor, final: Tensor) -> Tensor:
    """−max(α|w_f|, |w_i|), the mirror image of `large_init_large_final` (Zhou et al. 2019, table 1), in [0, 1]."""
    return torch.minimum(_percentile(-init.abs()), _percentile(-final.abs()))


def magnitude_increase(init: Tensor, final: Tensor) -> Tensor:
    """|w_f| − |w_i|: what moved away from zero (Zhou et al. 2019, table 1)."""
    return final.abs() - init.abs()


def movement(init: Tensor, final: Tensor) -> Tensor:
    """|w_f − w_i|: what moved (Zhou et al. 2019, table 1)."""
    return (final - init).abs()


def random(final: Tensor, generator: Generator | None = None) -> Tensor:
    """Uniform on [0, 1): the control."""
    device = generator.device if generator is not None else "cpu"
    return torch.rand(final.shape, generator=generator, device=device, dtype=torch.float64).to(final.device)


def snip(final: Tensor, gradient: Tensor) -> Tensor:
    """|w · ∂L/∂w|, connection sensitivity (Lee et al. 2019, eq. 5 without its normalisation, which moves no rank)."""
    return (final * gradient).abs()


def grasp(final: Tensor, hessian_gradient: Tensor) -> Tensor:
    """w · Hg: how much gradient flow is lost without w (Wang et al. 2020, eq. 8, whose sign is the opposite)."""
    return final * hessian_gradient


def synflow(final: Tensor, flow: Tensor) -> Tensor:
    """|w · ∂R/∂w|, the share of the paths through w (Tanaka et al. 2020, eq. 2)."""
    return (final * flow).abs()


def fisher(final: Tensor, fisher: Tensor) -> Tensor:
    """w² F / 2 with the Fisher information's diagonal for the curvature (Theis et al. 2018, eq. 8)."""
    return fisher * final.square() / 2


def obd(final: Tensor, curvature: Tensor) -> Tensor:
    """h u² / 2, the saliency of optimal brain damage (LeCun, Denker & Solla 1990, eq. 5): the loss gained without w."""
    return curvature * final.square() / 2


def _percentile(values: Tensor) -> Tensor:
    """The fraction of all entries that are at most this one; equal entries get equal fractions, NaN stays NaN."""
    flat = values.reshape(-1)
    ranks = torch.searchsorted(flat.sort().values, flat, right=True)
    return (ranks.double() / max(flat.numel(), 1)).masked_fill(flat.isnan(), torch.nan).reshape(values.shape)
