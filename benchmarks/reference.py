"""The answer, in float64 NumPy written by hand, and how far a float32 peer may be from it.

Losses alone are a weak check (a wrong weight decay hardly moves them), so the parameters are compared as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.workloads import BETAS, CHECK_STEPS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Array, Data, Workload

Float = NDArray[np.float64]
UNIT = 2.0**-24
"""Unit roundoff of float32: the relative error of one operation."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Loss before each of the `CHECK_STEPS` steps (none for W6, W7), and the results.

    The results are the parameters after the steps; for W7 the output and the gradients of x, weight and bias.
    """

    losses: tuple[float, ...]
    results: tuple[Float, ...]


def solve(workload: Workload, data: Data) -> Answer:
    """Run the check steps in float64."""
    params = [np.asarray(p, np.float64) for p in data.params]
    match workload.kind:
        case "mlp":
            x, y = np.asarray(data.inputs[0], np.float64), data.inputs[1]
            optimizer, losses = AdamW(params), list[float]()
            for _ in range(CHECK_STEPS):
                loss, grads = mlp_gradient(workload, optimizer.params, x, y)
                losses.append(loss)
                optimizer.step(grads)
            return Answer(tuple(losses), tuple(optimizer.params))
        case "adamw":
            optimizer = AdamW(params)
            grads = [np.asarray(g, np.float64) for g in data.inputs]
            for _ in range(CHECK_STEPS):
                optimizer.step(grads)
            return Answer((), tuple(optimizer.params))
        case "norm":
            x, dy = (np.asarray(a, np.float64) for a in data.inputs)
            return Answer((), silu_norm_gradient(x, params[0], params[1], dy))


class AdamW:
    """Decoupled weight decay (Loshchilov and Hutter, 2019), bias-corrected, one array at a time."""

    def __init__(self, params: Sequence[Float]) -> None:
        self.params = list(params)
        self._m = [np.zeros_like(p) for p in params]
        self._v = [np.zeros_like(p) for p in params]
        self._t = 0

    def step(self, grads: Sequence[Float]) -> None:
        """One update of every parameter."""
        self._t += 1
        (b1, b2), t = BETAS, self._t
        for i, g in enumerate(grads):
            self._m[i] = b1 * self._m[i] + (1 - b1) * g
            self._v[i] = b2 * self._v[i] + (1 - b2) * g * g
            direction = (self._m[i] / (1 - b1**t)) / (np.sqrt(self._v[i] / (1 - b2**t)) + EPS)
            self.params[i] = self.params[i] * (1 - LR * WEIGHT_DECAY) - LR * direction


def mlp_gradient(workload: Workload, params: Sequence[Float], x: Float, y: Array) -> tuple[float, list[Float]]:
    """Loss and gradients of the MLP: mean squared error with tanh, cross-entropy with relu."""
    weights, biases = params[0::2], params[1::2]
    smooth = workload.activation == "tanh"
    acts = [x]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = acts[-1] @ w + b
        acts.append(np.tanh(z) if smooth else np.maximum(z, 0.0))
    out = acts[-1] @ weights[-1] + biases[-1]
    loss, delta = _squared_error(out, y) if smooth else _cross_entropy(out, y)
    grads = list[Float]()
    for i in reversed(range(len(weights))):
        grads[:0] = [acts[i].T @ delta, delta.sum(0)]
        if i:
            delta = (delta @ weights[i].T) * (1 - acts[i] ** 2 if smooth else (acts[i] > 0))
    return loss, grads


def _squared_error(out: Float, y: Array) -> tuple[float, Float]:
    residual = out - np.asarray(y, np.float64)
    return float(np.mean(residual**2)), 2 * residual / residual.size


def _cross_entropy(out: Float, y: Array) -> tuple[float, Float]:
    rows, labels = np.arange(len(out)), np.asarray(y, np.int64)
    shifted = out - out.max(1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    delta = np.exp(logp)
    delta[rows, labels] -= 1
    return float(-logp[rows, labels].mean()), delta / len(out)


def silu_norm_gradient(x: Float, weight: Float, bias: Float, dy: Float) -> tuple[Float, Float, Float, Float]:
    """`layer_norm(silu(x))`: the value, and the gradients of x, weight and bias for the cotangent `dy`."""
    sigmoid = 1 / (1 + np.exp(-x))
    h = x * sigmoid
    centred = h - h.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + NORM_EPS)
    xhat = centred * rstd
    t = dy * weight
    dh = rstd * (t - t.mean(-1, keepdims=True) - xhat * (t * xhat).mean(-1, keepdims=True))
    return xhat * weight + bias, dh * sigmoid * (1 + x * (1 - sigmoid)), (dy * xhat).sum(0), dy.sum(0)


# ---- how far a float32 peer may be


def disagreements(
    workload: Workload, data: Data, answer: Answer, losses: Sequence[float], results: Sequence[Array]
) -> list[str]:
    """What a peer got wrong, one sentence each; empty when it computes the same thing."""
    noise = sum_noise(workload)
    wrong = list[str]()
    if len(losses) != len(answer.losses) or [r.shape for r in results] != [a.shape for a in answer.results]:
        return [
            f"{len(losses)} losses and {len(results)} results, expected {len(answer.losses)} and {len(answer.results)}"
        ]
    for i, (mine, right) in enumerate(zip(losses, answer.losses, strict=True)):
        if not abs(mine - right) <= noise * abs(right):
            wrong.append(f"loss {i}: relative error {abs(mine / right - 1):.1e}, at most {noise:.1e} expected")
    error, allowed = (
        (norm_error(results, answer.results), noise)
        if workload.kind == "norm"
        else movement_error(data.params, results, answer.results, noise)
    )
    if not error <= allowed:
        wrong.append(f"results: relative error {error:.1e}, at most {allowed:.1e} expected")
    return wrong


def sum_noise(workload: Workload) -> float:
    """Expected relative error of a float32 result that went through all layers.

    A sum of n terms in float32 has a relative error of about sqrt(n) u when the roundings are independent
    (Higham and Mary, 2019: with probability close to one, a small constant times it). 4 is that constant; the errors
    of the layers, forward and backward, add up.
    """
    layers = 2 * max(1, len(workload.widths) - 1)
    return 4 * layers * float(np.sqrt(workload.longest_sum)) * UNIT


def norm_error(results: Sequence[Array], right: Sequence[Float]) -> float:
    """The largest relative error of a result, in the Euclidean norm."""
    pairs = zip(results, right, strict=True)
    errors = [np.linalg.norm(np.asarray(a, np.float64) - b) / np.linalg.norm(b) for a, b in pairs]
    return float(np.max(errors))  # the built-in max would lose a NaN


def movement_error(
    start: Sequence[Array], results: Sequence[Array], right: Sequence[Float], noise: float
) -> tuple[float, float]:
    """Mean error of the parameters relative to how far they moved, and how much of it rounding explains.

    AdamW divides the gradient by its own size. A gradient entry g with an absolute error `noise * rms(g)` therefore
    changes its step (of size about lr) by min(2, noise * rms / |g|), which for normally distributed entries is
    noise * (2 + ln(1 / noise)) on average, at every step. The parameters are rounded twice at every step as well, and
    a bias correction 1 - b2**t computed in float32 is off by u / (1 - b2), of which the square root takes half.
    """
    flat = [np.concatenate([np.ravel(np.asarray(a, np.float64)) for a in arrays]) for arrays in (start, results, right)]
    p0, p, q = flat
    moved = float(np.abs(q - p0).mean())
    rounding = 2 * CHECK_STEPS * UNIT * float(np.abs(q).mean()) / moved
    correction = UNIT / (1 - BETAS[1]) / 2
    return float(np.abs(p - q).mean()) / moved, noise * (2 + float(np.log(1 / noise))) + rounding + correction
