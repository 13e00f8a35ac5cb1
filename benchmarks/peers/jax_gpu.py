"""JAX on a GPU: the whole step in one `jax.jit`, its state donated. Without a GPU (a smoke run) it runs on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array as JaxArray

from benchmarks.gpu_peers import Running, as_tuple
from benchmarks.gpu_workloads import Work
from benchmarks.peers.jax_cpu import State, layer_norm
from benchmarks.workloads import BETAS, EPS, LR, WEIGHT_DECAY, Array, Data

GPU = jax.default_backend() == "gpu"
Loss = Callable[[Sequence[JaxArray], JaxArray, JaxArray], JaxArray]


def unavailable() -> str | None:
    """Why JAX has no GPU."""
    return None if GPU else f"jax {jax.__version__} runs on {jax.default_backend()!r} here"


def make(work: Work, data: Data, form: str) -> Running:
    """Set a row up; there is one form."""
    # By name: XLA's default lets a GPU use TF32 unasked.
    precision = "highest" if work.precision == "fp32" or not GPU else "TF32_TF32_F32"
    jax.config.update("jax_default_matmul_precision", precision)
    given = [jnp.array(a) for a in data.inputs]
    weights = [jnp.array(a) for a in data.params]
    match work.kind:
        case "mlp":
            return _training(mlp_loss, weights, given)
        case "block":
            return _training(partial(block_loss, work.widths[1]), weights, given)
        case "adamw":
            return _update(weights, given)
        case "norm":
            return _function(layer_norm, [given[0], *weights])
        case "norm_grad":
            return _function(_norm_and_gradients, [given[0], *weights, given[1]])
        case "cross_entropy":
            return _function(jax.value_and_grad(cross_entropy), given)


# ---- programs


def cross_entropy(logits: JaxArray, labels: JaxArray) -> JaxArray:
    return -jnp.take_along_axis(jax.nn.log_softmax(logits, -1), labels[:, None], 1).mean()


def mlp_loss(params: Sequence[JaxArray], x: JaxArray, y: JaxArray) -> JaxArray:
    *hidden, w, b = params
    for wi, bi in zip(hidden[0::2], hidden[1::2], strict=True):
        x = jax.nn.relu(x @ wi + bi)
    return cross_entropy(x @ w + b, y)


def block_loss(heads: int, params: Sequence[JaxArray], x: JaxArray, y: JaxArray) -> JaxArray:
    gain1, shift1, qkv, qkv_bias, out, out_bias, gain2, shift2, up, up_bias, down, down_bias = params
    batch, length, width = x.shape
    parts = jnp.split(layer_norm(x, gain1, shift1) @ qkv + qkv_bias, 3, axis=-1)
    q, k, v = (part.reshape(batch, length, heads, width // heads) for part in parts)
    seen = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(batch, length, width)
    x = x + seen @ out + out_bias
    x = x + jax.nn.gelu(layer_norm(x, gain2, shift2) @ up + up_bias) @ down + down_bias
    return jnp.mean((x - y) ** 2)


def _norm_and_gradients(x: JaxArray, weight: JaxArray, bias: JaxArray, dy: JaxArray) -> tuple[JaxArray, ...]:
    y, pull = jax.vjp(layer_norm, x, weight, bias)
    return (y, *pull(dy))


# ---- rows


def _training(loss: Loss, weights: list[JaxArray], given: Sequence[JaxArray]) -> Running:
    state = _start(weights)
    x, y = given

    @partial(jax.jit, donate_argnums=0)
    def whole(state: State, x: JaxArray, y: JaxArray) -> tuple[State, JaxArray]:
        value, grads = jax.value_and_grad(loss)(state.params, x, y)
        return _adamw(state, grads), value

    def step() -> JaxArray:
        nonlocal state
        state, value = whole(state, x, y)
        return value

    return Running(
        step, lambda: _wait(state), lambda r: float(np.asarray(r)), lambda: [np.asarray(p) for p in state.params]
    )


def _update(weights: list[JaxArray], grads: Sequence[JaxArray]) -> Running:
    state = _start(weights)
    run = jax.jit(_adamw, donate_argnums=0)

    def step() -> None:
        nonlocal state
        state = run(state, grads)

    return Running(step, lambda: _wait(state), None, lambda: [np.asarray(p) for p in state.params])


def _start(params: list[JaxArray]) -> State:
    return State(params, *([jnp.zeros_like(p) for p in params] for _ in range(2)), jnp.zeros(()))


def _adamw(state: State, grads: Sequence[JaxArray]) -> State:
    (b1, b2), t = BETAS, state.t + 1
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.m, list(grads))
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, state.v, list(grads))

    def moved(p: JaxArray, m: JaxArray, v: JaxArray) -> JaxArray:
        direction = m / (1 - b1**t) / (jnp.sqrt(v / (1 - b2**t)) + EPS)
        return p * (1 - LR * WEIGHT_DECAY) - LR * direction

    return State(jax.tree.map(moved, state.params, m, v), m, v, t)


def _function(f: Callable[..., Any], arguments: Sequence[JaxArray]) -> Running:
    run = jax.jit(f)
    last: Any = ()

    def step() -> object:
        nonlocal last
        last = run(*arguments)
        return last

    def results() -> list[Array]:
        return [np.asarray(out) for out in as_tuple(last) if out.ndim > 0]

    loss = (lambda r: float(np.asarray(cast("Any", r)[0]))) if len(arguments) == 2 else None
    return Running(step, lambda: _wait(last), loss, results)


def _wait(values: object) -> None:
    jax.block_until_ready(values)
