"""Small typed models that the runtime's tests train, and their data."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from shapewright.dsl import creation, functions, losses
from shapewright.dsl.dims import Dim
from shapewright.dsl.pack import Pack
from shapewright.dsl.tensor import IntTensor, Scalar, Tensor
from shapewright.dsl.typed import typed

FEATURES, HIDDEN, CLASSES = 5, 7, 3
Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def reals(x: object) -> Any:
    """A floating tensor whose axes a checker need not know."""
    return cast("Any", Tensor)(x)


def ints(x: object) -> Any:
    """An integer tensor whose axes a checker need not know."""
    return cast("Any", IntTensor)(x)


def assert_close(a: Any, b: Any, *, rtol: float = 1e-6, atol: float = 0.0, err_msg: str = "") -> None:
    """`numpy.testing.assert_allclose` for arrays of any element type."""
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=err_msg)


class Batch(Dim): ...


class Features(Dim): ...


class Hidden(Dim): ...


class Classes(Dim): ...


class Line(Pack):
    w: Tensor[Features]
    b: Tensor[()]


class MLP(Pack):
    w1: Tensor[Features, Hidden]
    b1: Tensor[Hidden]
    w2: Tensor[Hidden, Classes]
    b2: Tensor[Classes]


class Means(Pack):
    mean: Tensor[Hidden]


@typed
def line_loss(p: Line, x: Tensor[Batch, Features], y: Tensor[Batch]) -> Scalar:
    error = x @ p.w + p.b - y
    return (error * error).mean()


@typed
def logits(p: MLP, x: Tensor[Batch, Features]) -> Tensor[Batch, Classes]:
    return functions.tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2


@typed
def mlp_loss(p: MLP, x: Tensor[Batch, Features], y: IntTensor[Batch]) -> Scalar:
    return losses.cross_entropy(logits(p, x), y)


@typed
def dropout_loss(p: MLP, x: Tensor[Batch, Features], y: IntTensor[Batch]) -> Scalar:
    h = creation.dropout(functions.tanh(x @ p.w1 + p.b1), 0.5)
    return losses.cross_entropy(h @ p.w2 + p.b2, y)


@typed
def centred_loss(p: MLP, s: Means, x: Tensor[Batch, Features], y: IntTensor[Batch]) -> tuple[Scalar, Means]:
    h = functions.tanh(x @ p.w1 + p.b1)
    mean = h.mean(0)
    state = Means(mean=s.mean * 0.9 + mean * 0.1)
    return losses.cross_entropy((h - s.mean) @ p.w2 + p.b2, y), state


def line(dtype: type[np.floating] = np.float32) -> Line:
    return Line(w=Tensor[Features](np.zeros(FEATURES, dtype)), b=Tensor[()](np.zeros((), dtype)))


def mlp(seed: int = 0, dtype: type[np.floating] = np.float32) -> MLP:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> Floats:
        return (0.5 * rng.normal(size=shape)).astype(dtype)

    return MLP(
        w1=Tensor[Features, Hidden](draw(FEATURES, HIDDEN)),
        b1=Tensor[Hidden](draw(HIDDEN)),
        w2=Tensor[Hidden, Classes](draw(HIDDEN, CLASSES)),
        b2=Tensor[Classes](draw(CLASSES)),
    )


def means(dtype: type[np.floating] = np.float32) -> Means:
    return Means(mean=Tensor[Hidden](np.zeros(HIDDEN, dtype)))


def line_data(
    n: int = 8, seed: int = 0, dtype: type[np.floating] = np.float32
) -> tuple[Tensor[Batch, Features], Tensor[Batch]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, FEATURES))
    return Tensor[Batch, Features](x.astype(dtype)), Tensor[Batch]((x @ np.arange(FEATURES) + 1).astype(dtype))


def class_data(
    n: int = 8, seed: int = 0, dtype: type[np.floating] = np.float32
) -> tuple[Tensor[Batch, Features], IntTensor[Batch]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, FEATURES)).astype(dtype)
    return Tensor[Batch, Features](x), IntTensor[Batch](rng.integers(0, CLASSES, n))
