"""What is measured on a GPU: sizes, data, and what the hardware needs at least for a row.

Data are float32 (labels int64), made from a fixed seed, so that all peers compute the same numbers. The
hyper-parameters are those of the CPU's rows (workloads.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from benchmarks.reference import UNIT, Float, movement_error, norm_error
from benchmarks.workloads import Array, Data

Kind = Literal["mlp", "adamw", "norm", "norm_grad", "cross_entropy", "block"]
Precision = Literal["fp32", "tf32"]

CHECK_STEPS = 2
"""Steps whose losses and results are compared with float64, before anything is timed."""
SAMPLE = 4096
"""Elements of every result that are compared: its first ones."""

NOMINAL_BANDWIDTH = 3.35e12
"""Bytes per second that an H100 (SXM) is sold with. What a copy reaches is measured in every run."""
PEAK = {"fp32": 51.6e12, "tf32": 387e12}
"""Operations per second of cuBLAS in products of 4096 x 4096 matrices on that card, for reference."""
LAUNCH = 2e-6
"""Seconds from one kernel of a graph to the next that depends on it, about."""


@dataclass(frozen=True, slots=True)
class Work:
    """One row of the table.

    rows: the batch, or the rows of a matrix; of `adamw` how many tensors. widths: of the layers (`mlp`), of a tensor
    (`adamw`), of a row; of the `block` model width, heads and sequence. small: `rows` and `widths` of a smoke run.
    """

    name: str
    title: str
    kind: Kind
    rows: int
    widths: tuple[int, ...]
    small: tuple[int, tuple[int, ...]]
    precision: Precision = "fp32"

    @property
    def trains(self) -> bool:
        """Whether a step is one of training, with parameters that change."""
        return self.kind in ("mlp", "adamw", "block")

    @property
    def whole_step(self) -> bool:
        """Whether a step through our API is what the peers' steps are; else it also moves arrays from or to the host,
        and our graph alone is compared."""
        return self.kind in ("mlp", "block")

    @property
    def parameters(self) -> int:
        """Numbers that are trained."""
        return sum(int(np.prod(s)) for s in self.shapes) if self.trains else 0

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the parameters, in the order of `Data.params`."""
        match self.kind:
            case "mlp":
                return [shape for a, b in pairwise(self.widths) for shape in ((a, b), (b,))]
            case "adamw":
                return [self.widths] * self.rows
            case "norm" | "norm_grad":
                return [self.widths, self.widths]
            case "cross_entropy":
                return []
            case "block":
                d = self.widths[0]
                return [
                    (d,), (d,), (d, 3 * d), (3 * d,), (d, d), (d,), (d,), (d,), (d, 4 * d), (4 * d,), (4 * d, d), (d,)
                ]  # fmt: skip

    @property
    def flops(self) -> int:
        """Operations of the matrix products of a step; a causal attention needs half of its scores."""
        match self.kind:
            case "mlp":
                weights = [a * b for a, b in pairwise(self.widths)]
                return 2 * self.rows * (3 * sum(weights) - weights[0])  # nobody asks for the gradient of the input
            case "block":
                d, _, t = self.widths
                return 3 * self.rows * t * (24 * d * d + 2 * t * d)
            case _:
                return 0

    @property
    def bytes(self) -> int:
        """Bytes that have to be moved at least: everything that a step is given or leaves behind, once."""
        row = self.rows * self.widths[0] * 4
        match self.kind:
            case "mlp":
                return 24 * self.parameters + row
            case "block":
                return 24 * self.parameters + 2 * row * self.widths[2]
            case "adamw":
                return 28 * self.parameters
            case "norm" | "cross_entropy":
                return 2 * row
            case "norm_grad":
                return 4 * row

    def estimates(self, bandwidth: float, launches: int) -> dict[str, float]:
        """Seconds of a step at least, by what limits it, for a measured bandwidth and a number of dependent launches."""
        return {
            "memory": self.bytes / bandwidth,
            "arithmetic": self.flops / PEAK[self.precision],
            f"launches ({launches})": launches * LAUNCH,
        }


_BLOCK = (768, 12, 1024)
_ROWS = (
    Work("mlp-2", "MLP 2-16-2, batch 32", "mlp", 32, (2, 16, 2), (8, (2, 8, 2))),
    Work("mlp-256", "MLP 784-256-128-10, batch 64", "mlp", 64, (784, 256, 128, 10), (8, (12, 16, 8, 5))),
    Work("mlp-1024", "MLP 784-1024-1024-10, batch 256", "mlp", 256, (784, 1024, 1024, 10), (8, (12, 16, 16, 5))),
    Work("mlp-4096", "MLP 3 x 4096-10, batch 4096", "mlp", 4096, (4096, 4096, 4096, 4096, 10), (8, (16, 16, 16, 16, 5))),
    Work("adamw", "AdamW, 100M parameters, gradients given", "adamw", 10, (1000, 10_000), (3, (4, 10))),
    Work("norm", "layer norm [8192, 4096]", "norm", 8192, (4096,), (6, (40,))),
    Work("norm-grad", "layer norm, forward and backward [8192, 4096]", "norm_grad", 8192, (4096,), (6, (40,))),
    Work("cross-entropy", "cross-entropy, loss and gradient [8192, 4096]", "cross_entropy", 8192, (4096,), (6, (40,))),
    Work("block", "transformer block, d 768, 12 heads, T 1024, batch 8", "block", 8, _BLOCK, (2, (8, 2, 4))),
)  # fmt: skip
_TWICE = ("mlp-256", "mlp-1024", "mlp-4096", "block")


def _in_order() -> list[Work]:
    works = list[Work]()
    for work in _ROWS:
        works.append(work)
        if work.name in _TWICE:
            works.append(replace(work, name=f"{work.name}-tf32", precision="tf32"))
    return works


WORKS = {work.name: work for work in _in_order()}


def sized(work: Work, *, smoke: bool) -> Work:
    """The row at the size that is measured, or that of a smoke run."""
    return replace(work, rows=work.small[0], widths=work.small[1]) if smoke else work


# ---- data


def make_data(work: Work) -> Data:
    """Parameters and inputs of a row, the same in every process.

    `mlp`, `block`: parameters, inputs `x, y`. `adamw`: tensors, and as inputs their gradients. `norm`: the norm's weight
    and bias, input `x`; `norm_grad` also the cotangent of the result. `cross_entropy`: inputs `logits, labels`.
    """
    rng = np.random.default_rng(0)
    width = work.widths[0]

    def normal(*shape: int, mean: float = 0.0, std: float = 1.0) -> Array:
        return mean + std * rng.standard_normal(shape, np.float32)

    def labels(classes: int) -> Array:
        return rng.integers(0, classes, work.rows)

    match work.kind:
        case "mlp":
            params = [normal(*s, std=(2 / s[0]) ** 0.5) if len(s) == 2 else normal(*s, std=0.1) for s in work.shapes]
            return Data(tuple(params), (normal(work.rows, width), labels(work.widths[-1])))
        case "adamw":
            params = [normal(*s) for s in work.shapes]
            return Data(tuple(params), tuple(normal(*s, std=0.1) for s in work.shapes))
        case "norm" | "norm_grad":
            inputs = [normal(work.rows, width) for _ in range(1 if work.kind == "norm" else 2)]
            return Data((normal(width, mean=1.0, std=0.1), normal(width, std=0.1)), tuple(inputs))
        case "cross_entropy":
            return Data((), (normal(work.rows, width), labels(width)))
        case "block":
            x, y = (normal(work.rows, work.widths[2], width) for _ in range(2))
            return Data(tuple(_block_parameters(work, normal)), (x, y))


def _block_parameters(work: Work, normal: Callable[..., Array]) -> list[Array]:
    """Norms near the identity, weights that keep the variance, small biases."""
    gains = (0, 6)
    return [
        normal(*s, std=s[0] ** -0.5) if len(s) == 2 else normal(*s, mean=float(i in gains), std=0.1)
        for i, s in enumerate(work.shapes)
    ]


# ---- the check

ROUNDING_ONLY = 3
"""The parameter of a block whose gradient is rounding alone, in part: a softmax does not see a bias of the keys."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Loss before each of the `CHECK_STEPS` steps (none where there is no loss), and samples of the results."""

    losses: tuple[float, ...]
    results: tuple[Float, ...]


def sampled(results: Sequence[Array]) -> list[Array]:
    """The first elements of every result."""
    return [np.ravel(r)[:SAMPLE] for r in results]


def disagreements(
    work: Work, start: Sequence[Array], answer: Answer, losses: Sequence[float], results: Sequence[Array]
) -> list[str]:
    """What a peer got wrong, one sentence each; empty when it computes what the float64 answer says.

    start: samples of the parameters before the first step.
    """
    shapes = [r.shape for r in results]
    if len(losses) != len(answer.losses) or shapes != [r.shape for r in answer.results]:
        return [f"{len(losses)} losses and results {shapes}, expected {len(answer.losses)} and {len(answer.results)}"]
    noise, wrong = rounding(work), list[str]()
    compared = [i for i in range(len(shapes)) if work.kind != "block" or i != ROUNDING_ONLY]
    mine, right = [results[i] for i in compared], [answer.results[i] for i in compared]
    for i, (loss, exact) in enumerate(zip(losses, answer.losses, strict=True)):
        # Its own rounding, and that of the steps before it (`movement_error`), which moved the loss so far.
        error = noise + noise * (2 + float(np.log(1 / noise))) * abs(answer.losses[0] / exact - 1)
        if not abs(loss - exact) <= error * abs(exact):
            wrong.append(f"loss {i}: relative error {abs(loss / exact - 1):.1e}, at most {error:.1e} expected")
    error, allowed = (
        movement_error([start[i] for i in compared], mine, right, noise)
        if work.trains
        else (norm_error(mine, right), noise)
    )
    if not error <= allowed:
        wrong.append(f"results: relative error {error:.1e}, at most {allowed:.1e} expected")
    return wrong


def rounding(work: Work) -> float:
    """Relative error that rounding explains, as `reference.sum_noise`; TF32 rounds the operands to 11 bits first."""
    layers = {"mlp": 2 * (len(work.widths) - 1), "block": 16}.get(work.kind, 2)
    longest = 1 if work.kind == "adamw" else max(work.rows, *work.widths)
    operands = 2.0**-11 if work.precision == "tf32" else 0.0
    return 4 * layers * (float(np.sqrt(longest)) * UNIT + operands)
