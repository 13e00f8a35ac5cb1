"""JAX on the CPU: the whole step in one `jax.jit`, its state donated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array as JaxArray

from benchmarks.peers import Running
from benchmarks.workloads import BETAS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Data, Workload


class State(NamedTuple):
    """Parameters, first and second moments, and the number of steps done."""

    params: list[JaxArray]
    m: list[JaxArray]
    v: list[JaxArray]
    t: JaxArray


def make(workload: Workload, data: Data, form: str) -> Running:
    """Set a workload up.

    Forms: "jit"; "transposed" (weights `[outputs, inputs]`, as PyTorch keeps them); "barriers" (W7: a hand-written
    derivative with optimization barriers, which keep XLA from recomputing the row statistics for every element).
    """
    match workload.kind:
        case "mlp":
            return _mlp(workload, data, transposed=form == "transposed")
        case "adamw":
            return _adamw(data)
        case "norm":
            return _norm(data, layer_norm_with_barriers if form == "barriers" else layer_norm)


def _mlp(workload: Workload, data: Data, *, transposed: bool) -> Running:
    activation = jnp.tanh if workload.activation == "tanh" else jax.nn.relu
    state = _start([jnp.array(p.T if transposed else p) for p in data.params])
    x, y = (jnp.array(a) for a in data.inputs)

    def loss(params: list[JaxArray], x: JaxArray, y: JaxArray) -> JaxArray:
        *hidden, w, b = params
        for wi, bi in zip(hidden[0::2], hidden[1::2], strict=True):
            x = activation(x @ (wi.T if transposed else wi) + bi)
        out = x @ (w.T if transposed else w) + b
        if workload.activation == "tanh":
            return jnp.mean((out - y) ** 2)
        return -jnp.take_along_axis(jax.nn.log_softmax(out, -1), y[:, None], 1).mean()

    @partial(jax.jit, donate_argnums=0)
    def whole(state: State, x: JaxArray, y: JaxArray) -> tuple[State, JaxArray]:
        value, grads = jax.value_and_grad(loss)(state.params, x, y)
        return _update(state, grads), value

    def step() -> JaxArray:
        nonlocal state
        state, value = whole(state, x, y)
        return value

    return Running(
        step,
        lambda: _wait(state),
        lambda r: float(np.asarray(r)),
        lambda: [np.asarray(p).T if transposed else np.asarray(p) for p in state.params],
    )


def _adamw(data: Data) -> Running:
    state = _start([jnp.array(p) for p in data.params])
    grads = [jnp.array(g) for g in data.inputs]
    update = jax.jit(_update, donate_argnums=0)

    def step() -> None:
        nonlocal state
        state = update(state, grads)

    return Running(step, lambda: _wait(state), None, lambda: [np.asarray(p) for p in state.params])


def _start(params: list[JaxArray]) -> State:
    return State(params, [jnp.zeros_like(p) for p in params], [jnp.zeros_like(p) for p in params], jnp.zeros(()))


def _update(state: State, grads: Sequence[JaxArray]) -> State:
    b1, b2 = BETAS
    t = state.t + 1
    correction1, correction2 = 1 - b1**t, jnp.sqrt(1 - b2**t)
    m = [b1 * mi + (1 - b1) * g for mi, g in zip(state.m, grads, strict=True)]
    v = [b2 * vi + (1 - b2) * g * g for vi, g in zip(state.v, grads, strict=True)]
    params = [
        p * (1 - LR * WEIGHT_DECAY) - (LR / correction1) * mi / (jnp.sqrt(vi) / correction2 + EPS)
        for p, mi, vi in zip(state.params, m, v, strict=True)
    ]
    return State(params, m, v, t)


Norm = Callable[[JaxArray, JaxArray, JaxArray], JaxArray]


def _norm(data: Data, norm: Norm) -> Running:
    weight, bias = (jnp.array(p) for p in data.params)
    x, dy = (jnp.array(a) for a in data.inputs)
    last: tuple[JaxArray, ...] = ()

    def block(x: JaxArray, weight: JaxArray, bias: JaxArray) -> JaxArray:
        return norm(jax.nn.silu(x), weight, bias)

    @jax.jit
    def whole(x: JaxArray, weight: JaxArray, bias: JaxArray, dy: JaxArray) -> tuple[JaxArray, ...]:
        y, pull = jax.vjp(block, x, weight, bias)
        return (y, *pull(dy))

    def step() -> None:
        nonlocal last
        last = whole(x, weight, bias, dy)

    return Running(step, lambda: _wait(last), None, lambda: [np.asarray(r) for r in last])


def layer_norm(x: JaxArray, weight: JaxArray, bias: JaxArray) -> JaxArray:
    """Layer norm over the last axis, as one writes it."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + NORM_EPS) * weight + bias


layer_norm_with_barriers = jax.custom_vjp(layer_norm)


def _forward(x: JaxArray, weight: JaxArray, bias: JaxArray) -> tuple[JaxArray, tuple[JaxArray, ...]]:
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    rstd = jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + NORM_EPS)
    return centred * rstd * weight + bias, jax.lax.optimization_barrier((x, mean, rstd, weight))


def _backward(saved: tuple[JaxArray, ...], dy: JaxArray) -> tuple[JaxArray, JaxArray, JaxArray]:
    barrier = jax.lax.optimization_barrier
    x, mean, rstd, weight = saved
    xhat, t = barrier((x - mean) * rstd), barrier(dy * weight)
    mean_t, mean_tx = barrier(t.mean(-1, keepdims=True)), barrier((t * xhat).mean(-1, keepdims=True))
    return rstd * (t - mean_t - xhat * mean_tx), (dy * xhat).sum(0), dy.sum(0)


layer_norm_with_barriers.defvjp(_forward, _backward)


def _wait(values: object) -> None:
    jax.block_until_ready(values)
