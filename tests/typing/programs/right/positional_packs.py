"""Packs: TList, cons, NamedTuple, tuples and dicts as parameters."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


Layers: TypeAlias = "sw.TList[sw.Tensor[In, Out], sw.Tensor[Out]]"


class Named(NamedTuple):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def listed(p: Layers, x: sw.Tensor[Batch, In]) -> sw.Scalar:
    w, b = p
    return sw.mean(x @ w + b)


@sw.typed
def named(p: Named, x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(x @ p.w + p.b)


@sw.typed
def paired(p: tuple[sw.Tensor[In, Out], sw.Tensor[Out]], x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(x @ p[0] + p[1])


@sw.typed
def keyed(p: dict[str, sw.Tensor[In, Out]], x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(x @ p["w"])


w = sw.Tensor[In, Out].normal(key=1)
b = sw.Tensor[Out].zeros()
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
eager = sw.Options(backend="eager")
layers = sw.TList(w, b)
reveal_type(layers)  # TList[Tensor[In, Out], Tensor[Out]]
reveal_type(layers[0])  # Tensor[In, Out]
reveal_type(layers.unpack())  # tuple[Tensor[In, Out], Tensor[Out]]
reveal_type(sw.cons(b, layers))  # TList[Tensor[Out], Tensor[In, Out], Tensor[Out]]
reveal_type(sw.ScalarTrainer(layers, listed, eager).backward(x))  # TList[Tensor[In, Out], Tensor[Out]]
reveal_type(sw.ScalarTrainer(Named(w, b), named, eager).backward(x).w)  # Tensor[In, Out]
reveal_type(sw.ScalarTrainer((w, b), paired, eager).backward(x))  # tuple[Tensor[In, Out], Tensor[Out]]
named_tensors = {"w": w}
reveal_type(sw.ScalarTrainer(named_tensors, keyed, eager).backward(x)["w"])  # Tensor[In, Out]
