"""What is measured: sizes, data, and the hyper-parameters that every peer uses.

Data are float32 (labels int64), made from a fixed seed, so that all peers compute the same numbers.
Weights are `[inputs, outputs]`; the numbers of the workloads are those of the project's plan (W4, a convolution
net, and W5, a GPT, need operations that come later).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Kind = Literal["mlp", "adamw", "norm"]

LR = 1e-3
BETAS = (0.9, 0.999)
EPS = 1e-8
WEIGHT_DECAY = 1e-2
NORM_EPS = 1e-5
CHECK_STEPS = 5
"""Steps that every peer runs, and that are compared with the float64 reference, before anything is timed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the table. `rows` is the batch (W1-W3) or the number of rows (W7); `widths` the layer widths.

    `mark` and `target` are ours / best peer: what the first code generator has to reach, and the plan's goal.
    """

    name: str
    title: str
    kind: Kind
    rows: int
    widths: tuple[int, ...]
    mark: float | None
    target: float

    @property
    def activation(self) -> Literal["tanh", "relu"]:
        """The hidden layers' activation: the regression net is smooth, the classifiers are rectified."""
        return "tanh" if self.widths[-1] == 1 else "relu"

    @property
    def longest_sum(self) -> int:
        """Terms of the longest sum behind one number: what rounding errors grow with."""
        return max(self.rows, *self.widths) if self.kind != "adamw" else 1


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", "MLP 2-16-1 tanh, MSE, batch 32: AdamW step", "mlp", 32, (2, 16, 1), 0.3, 0.10),
        Workload("W2", "MLP 784-256-128-10, batch 64: AdamW step", "mlp", 64, (784, 256, 128, 10), 1.3, 0.65),
        Workload("W3", "MLP 784-1024-1024-10, batch 256: AdamW step", "mlp", 256, (784, 1024, 1024, 10), 1.3, 1.0),
        Workload("W6", "AdamW on ten 1000x1000 tensors, gradients given", "adamw", 10, (1000, 1000), 1.1, 0.90),
        Workload("W7", "silu + layer norm, forward and backward, 4096x1024", "norm", 4096, (1024,), None, 0.40),
    )
}


@dataclass(frozen=True, slots=True)
class Data:
    """Parameters and inputs of a workload.

    `mlp`: parameters `w1, b1, w2, b2, ...`, inputs `x, y`. `adamw`: ten matrices, and as inputs their gradients.
    `norm`: the norm's weight and bias, inputs `x` and the cotangent of the result.
    """

    params: tuple[Array, ...]
    inputs: tuple[Array, ...]


def make_data(workload: Workload) -> Data:
    """The data of a workload: the same arrays at every call, in every process."""
    rng = np.random.default_rng(0)

    def normal(*shape: int, mean: float = 0.0, std: float = 1.0) -> Array:
        return rng.normal(mean, std, shape).astype(np.float32)

    match workload.kind:
        case "mlp":
            inputs = _regression(rng, workload) if workload.widths[-1] == 1 else _classification(rng, workload)
            return Data(tuple(_layers(rng, workload)), inputs)
        case "adamw":
            shape = workload.widths
            return Data(
                tuple(normal(*shape) for _ in range(workload.rows)),
                tuple(normal(*shape, std=0.1) for _ in range(workload.rows)),
            )
        case "norm":
            (width,) = workload.widths
            weight, bias = normal(width, mean=1.0, std=0.1), normal(width, std=0.1)
            return Data((weight, bias), (normal(workload.rows, width), normal(workload.rows, width)))


def _layers(rng: np.random.Generator, workload: Workload) -> Iterator[Array]:
    gain = 1.0 if workload.activation == "tanh" else 2.0
    for fan_in, fan_out in pairwise(workload.widths):
        yield (rng.standard_normal((fan_in, fan_out)) * np.sqrt(gain / fan_in)).astype(np.float32)
        yield np.zeros(fan_out, np.float32)


def _regression(rng: np.random.Generator, workload: Workload) -> tuple[Array, Array]:
    x = rng.standard_normal((workload.rows, workload.widths[0])).astype(np.float32)
    return x, np.prod(x, axis=1, keepdims=True)


def _classification(rng: np.random.Generator, workload: Workload) -> tuple[Array, Array]:
    x = rng.random((workload.rows, workload.widths[0]), np.float32)
    return x, rng.integers(0, workload.widths[-1], workload.rows)
