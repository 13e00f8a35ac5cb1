"""Matrix products, normalisation, attention."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, TypeVarTuple, cast, overload

import numpy as np

from ..compiler.errors import DTypeError, ShapeError
from ..compiler.sizes import Poly, product
from . import movement
from .array import AnyArray, Array, is_array, type_of
from .conversion import as_array, as_floating
from .creation import dropout as drop
from .creation import iota
from .dispatch import apply, fail
from .pack import flatten
from .report import count as count_text
from .report import kind_text, parameters_text
from .tensor import BoolTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
I = TypeVar("I")
O = TypeVar("O")
K = TypeVar("K")
M = TypeVar("M")
N = TypeVar("N")
D = TypeVar("D")
E = TypeVar("E")
G = TypeVar("G")


# ---- products
@overload
def matmul(x: Tensor[K], y: Tensor[K]) -> Tensor[()]: ...
@overload
def matmul(x: Tensor[*B, M, K], y: Tensor[K]) -> Tensor[*B, M]: ...
@overload
def matmul(x: Tensor[*B, M, K], y: Tensor[K, N]) -> Tensor[*B, M, N]: ...
@overload
def matmul(x: Tensor[*B, M, K], y: Tensor[*B, K, N]) -> Tensor[*B, M, N]: ...
@overload
def matmul(x: Tensor[K], y: Tensor[*B, K, N]) -> Tensor[*B, N]: ...
@overload
def matmul(x: Tensor[M, K], y: Tensor[*B, K, N]) -> Tensor[*B, M, N]: ...  # type: ignore[overload-cannot-match]  # mypy erases B
def matmul(x: Any, y: Any) -> Any:
    """Matrix product x[.., m, k] y[.., k, n]; axes before the last two broadcast; a vector is a row or a column."""
    return apply("matmul", (x, y))


def linear(x: Tensor[*B, I], weight: Tensor[I, O], bias: Tensor[O] | None = None) -> Tensor[*B, O]:
    """x @ weight + bias."""
    return cast("Tensor[*B, O]", apply("linear", (x, weight) if bias is None else (x, weight, bias)))


def dot(x: Tensor[K], y: Tensor[K]) -> Tensor[()]:
    """The sum of products of two vectors."""
    return matmul(x, y)


def outer(x: Tensor[M], y: Tensor[N]) -> Tensor[M, N]:
    """The products of every element of `x` with every element of `y`."""
    return cast("Tensor[M, N]", apply("einsum", (x, y), {"spec": "i,j->ij"}))


# ---- rows
def softmax(x: Tensor[*S], axis: int = -1) -> Tensor[*S]:
    """exp(x) / sum(exp(x)) along `axis`, without overflow."""
    return cast("Tensor[*S]", apply("softmax", (x,), {"axis": movement.one_axis("softmax", as_array(x), axis)}))


def log_softmax(x: Tensor[*S], axis: int = -1) -> Tensor[*S]:
    """The logarithm of softmax, accurate for small probabilities."""
    return cast("Tensor[*S]", apply("log_softmax", (x,), {"axis": movement.one_axis("log_softmax", as_array(x), axis)}))


def layer_norm(x: Tensor[*B, D], weight: Tensor[D], bias: Tensor[D], eps: float = 1e-5) -> Tensor[*B, D]:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axis (Ba et al. 2016)."""
    eps = _number(layer_norm, "eps", eps, x)
    return cast("Tensor[*B, D]", apply("layer_norm", (x, weight, bias), {"eps": eps}))


def rms_norm(x: Tensor[*B, D], weight: Tensor[D], eps: float = 1e-6) -> Tensor[*B, D]:
    """x / sqrt(mean(x**2) + eps) * weight over the last axis (Zhang & Sennrich 2019)."""
    eps = _number(rms_norm, "eps", eps, x)
    tensor = as_floating(x)
    power = movement.reduce("mean", apply("square", (tensor,)), -1, True)
    scaled = apply("mul", (tensor, apply("rsqrt", (apply("add", (power, eps)),))))
    return cast("Tensor[*B, D]", apply("mul", (scaled, weight)))


def batch_norm(
    x: Tensor[N, D, *S],
    weight: Tensor[D],
    bias: Tensor[D],
    state: G,
    train: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor[N, D, *S], G]:
    """Normalise x[N, C, ...] over all axes but 1 (Ioffe & Szegedy 2015); returns the result and the new state.

    state: any pack of two tensors [C], the running mean and variance. Training uses the batch and moves the state by
    `momentum` towards it (with the unbiased variance); otherwise the state is used and returned as it is.
    """
    tensor = as_floating(x)
    if is_array(state) or (is_array(train) and train.ndim):
        name, wanted = ("state", "a pack of two tensors") if is_array(state) else ("train", "a bool")
        _misplaced(batch_norm, name, wanted, state if is_array(state) else train, x)
    eps, momentum = _number(batch_norm, "eps", eps, x), _number(batch_norm, "momentum", momentum, x)
    leaves, spec = flatten(state)
    if len(leaves) != 2:
        text = f"batch_norm: the state has {count_text(len(leaves), 'tensor')}"
        fail(ShapeError(text, help="give a pack of two: running mean and variance", code="SW103"), x)
    axes = (0, *range(2, tensor.ndim))
    shape = (1, type_of(tensor).shape[1], *(1,) * (tensor.ndim - 2))
    mean, variance = (movement.reshape(v, shape) for v in leaves)
    if train:
        mean = movement.reduce("mean", tensor, axes, True)
        variance = movement.reduce("mean", apply("square", (apply("sub", (tensor, mean)),)), axes, True)
        count: Any = product([type_of(tensor).shape[a] for a in axes])
        unbiased = apply("div", (apply("mul", (variance, count)), count - 1))
        news = (apply("stop_gradient", (movement.reshape(v, (-1,)),)) for v in (mean, unbiased))
        moved = [_towards(old, new, momentum) for old, new in zip(leaves, news, strict=True)]
        state = cast("G", spec.unflatten(moved))
    scale = apply(
        "mul", (apply("rsqrt", (apply("add", (variance, eps)),)), movement.reshape(as_floating(weight), shape))
    )
    out = apply(
        "add", (apply("mul", (apply("sub", (tensor, mean)), scale)), movement.reshape(as_floating(bias), shape))
    )
    return cast("Tensor[N, D, *S]", out), state


def _towards(old: AnyArray, new: AnyArray, momentum: float) -> AnyArray:
    return cast("AnyArray", apply("add", (apply("mul", (old, 1.0 - momentum)), apply("mul", (new, float(momentum))))))


def group_norm(
    x: Tensor[N, D, *S], groups: int, weight: Tensor[D], bias: Tensor[D], eps: float = 1e-5
) -> Tensor[N, D, *S]:
    """Normalise x[N, C, ...] over each of `groups` groups of channels and all further axes (Wu & He 2018)."""
    if isinstance(cast("object", groups), Array | tuple | np.ndarray):
        _misplaced(group_norm, "groups", "an int", groups, x)
    eps = _number(group_norm, "eps", eps, x)
    tensor = as_floating(x)
    shape = type_of(tensor).shape
    channels = int(shape[1])
    if groups <= 0 or channels % groups:
        fail(ShapeError(f"group_norm: {channels} channels are no multiple of {groups} groups", code="SW106"), x)
    split = movement.reshape(tensor, (shape[0], groups, product((channels // groups, *shape[2:]))))
    mean = movement.reduce("mean", split, -1, True)
    centred = apply("sub", (split, mean))
    variance = movement.reduce("mean", apply("square", (centred,)), -1, True)
    scaled = apply("mul", (centred, apply("rsqrt", (apply("add", (variance, eps)),))))
    per_channel = (1, channels, *(1,) * (tensor.ndim - 2))
    out = apply("mul", (movement.reshape(scaled, shape), movement.reshape(as_floating(weight), per_channel)))
    return cast("Tensor[N, D, *S]", apply("add", (out, movement.reshape(as_floating(bias), per_channel))))


def instance_norm(x: Tensor[N, D, *S], weight: Tensor[D], bias: Tensor[D], eps: float = 1e-5) -> Tensor[N, D, *S]:
    """Normalise x[N, C, ...] over all axes after the channels, for each sample and channel (Ulyanov et al. 2016)."""
    return group_norm(x, int(type_of(as_array(x)).shape[1]), weight, bias, eps)


def _number(f: Callable[..., Any], name: str, value: object, x: object) -> float:
    """A hyper-parameter; an array in its place means that the arguments are in another order."""
    if (is_array(value) or isinstance(value, np.ndarray)) and value.ndim:
        _misplaced(f, name, "a number", cast("object", value), x)
    return float(cast("float", value))


def _misplaced(f: Callable[..., Any], name: str, wanted: str, value: object, x: object) -> NoReturn:
    """An argument of another kind: in which order they come."""
    signature = inspect.signature(f)
    defaults = {p.name: f"{p.name}={p.default}" for p in signature.parameters.values() if p.default is not p.empty}
    order = f"the arguments are sw.{f.__name__}{parameters_text(signature, defaults)}"
    error = DTypeError(f"{f.__name__}: {name} is {wanted}, not {kind_text(value)}", help=order, code="SW204")
    fail(error, x)


# ---- attention
def scaled_dot_product_attention(
    q: Tensor[*B, M, D],
    k: Tensor[*B, N, D],
    v: Tensor[*B, N, E],
    mask: BoolTensor[*tuple[Any, ...]] | Tensor[*tuple[Any, ...]] | None = None,
    is_causal: bool = False,
    dropout: float = 0.0,
) -> Tensor[*B, M, E]:
    """softmax(q k^T / sqrt(D)) v (Vaswani et al. 2017).

    mask: broadcasts to [*B, M, N]; a BoolTensor keeps where it is true, a Tensor is added to the scores.
    is_causal: position i sees positions up to i. A row that sees nothing gives zeros.
    """
    depth = type_of(as_array(q)).shape[-1]
    scores = apply("matmul", (q, movement.swap_last(as_floating(k))))
    if isinstance(depth, Poly):
        scores = apply("mul", (scores, apply("rsqrt", (apply("add", (0.0, depth)),))))
    else:
        scores = apply("mul", (scores, 1.0 / math.sqrt(depth)))
    keep: Any = None
    if is_causal:
        size = type_of(scores).shape[-2:]
        keep = apply("greater_equal", (iota(size, 0), iota(size, 1)))
    if mask is not None:
        given = as_array(cast("object", mask))
        kind = type_of(given).dtype
        if kind.is_float:
            scores = apply("add", (scores, given))
        elif kind.is_int:
            error = DTypeError("an attention mask is boolean or floating", code="SW203")
            fail(error, mask, op="logical_not")
        else:
            keep = given if keep is None else apply("logical_and", (keep, given))
    weights = _masked_softmax(scores, keep)
    return cast("Tensor[*B, M, E]", apply("matmul", (drop(weights, dropout) if dropout else weights, v)))


def _masked_softmax(scores: AnyArray, keep: Array[*tuple[Any, ...]] | None) -> Any:
    """Softmax over the last axis of the kept scores; zeros for a row without any."""
    at = {"axis": scores.ndim - 1}
    if keep is None:
        return apply("softmax", (scores,), at)
    # A large finite number instead of -inf: a row without any kept score must not become nan, here or in derivatives.
    weights = apply("softmax", (apply("where", (keep, scores, -1e30)),), at)
    return apply("where", (keep, weights, 0.0))
