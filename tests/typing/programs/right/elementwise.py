"""Elementwise: functions of one operand, and of two with the usual broadcasts."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 4


@sw.typed
def activations(x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Model]:
    h = sw.relu(x) + sw.gelu(x) + sw.gelu(x, "tanh") + sw.silu(x) + sw.elu(x) + sw.leaky_relu(x, 0.1)
    h = h + sw.sigmoid(x) + sw.tanh(x) + sw.softplus(x) + sw.log_sigmoid(x) + sw.stop_gradient(x)
    return h * sw.clip(x, 0.0, 6.0)


@sw.typed
def functions(x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Model]:
    h = sw.exp(x) + sw.log(x) + sw.log1p(x) + sw.expm1(x) + sw.sqrt(x) + sw.rsqrt(x) + sw.reciprocal(x)
    h = h + sw.sin(x) + sw.cos(x) + sw.erf(x) + sw.floor(x) + sw.ceil(x) + sw.round(x)
    return sw.neg(h) + sw.abs(h) + sw.sign(h) + sw.square(h)


@sw.typed
def of_two(x: sw.Tensor[Batch, Model], y: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Model]:
    h = sw.add(x, y) + sw.sub(x, 1.0) + sw.mul(2.0, y) + sw.div(x, y)
    return sw.maximum(h, 0.0) + sw.minimum(x, y) + sw.pow(x, 2.0) + x**2.0 + 2.0**x - (-x) + abs(y)


x = sw.Tensor[Batch, Model].uniform(low=0.5, high=1.0, key=1, shape=(3, 4))
b = sw.Tensor[Model].ones()
z = sw.Tensor[Batch, Seq, Model].ones(shape=(3, 5, 4))
pos = sw.Tensor[Seq, Model].ones(shape=(5, 4))
s = sw.mean(x)
reveal_type(activations(x) + functions(x) + of_two(x, x))  # Tensor[Batch, Model]
reveal_type(x + b)  # Tensor[Batch, Model]
reveal_type(b * x)  # Tensor[Batch, Model]
reveal_type(z - b)  # Tensor[Batch, Seq, Model]
reveal_type(z / pos)  # Tensor[Batch, Seq, Model]
reveal_type(pos + z)  # Tensor[Batch, Seq, Model]
reveal_type(s * x)  # Tensor[Batch, Model]
reveal_type(x * s)  # Tensor[Batch, Model]
reveal_type(s + 1.0)  # Tensor[()]
reveal_type(3.0 / x)  # Tensor[Batch, Model]
reveal_type(sw.add(z, b))  # Tensor[Batch, Seq, Model]
reveal_type(sw.mul(z, pos))  # Tensor[Batch, Seq, Model]
reveal_type(sw.maximum(0.0, x))  # Tensor[Batch, Model]
reveal_type(sw.isnan(x))  # BoolTensor[Batch, Model]
reveal_type(sw.isfinite(x))  # BoolTensor[Batch, Model]
