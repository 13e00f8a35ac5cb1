"""The same values and gradients as PyTorch, ties and bounds included: an independent witness (make test-torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import pytest

from shapewright.compiler.ir.attrs import Attrs
from shapewright.compiler.ops.opdef import Arr, OpDef, Pullback, Sample
from shapewright.compiler.ops.table import OPS

from . import oracle

pytestmark = pytest.mark.torch

# Takes the module torch, the attributes and the tensors; PyTorch is not installed where types are checked.
Peer: TypeAlias = Callable[[Any, Attrs, Sequence[Any]], Any]


def _elementwise(name: str) -> Peer:
    return lambda t, at, xs: getattr(t, name)(*xs)


def _functional(name: str) -> Peer:
    return lambda t, at, xs: getattr(t.nn.functional, name)(*xs)


def _axes(name: str) -> Peer:
    return lambda t, at, xs: getattr(t, name)(xs[0], at.ints("axis"), keepdim=at.bool("keepdims"))


def _clip(t: Any, at: Attrs, xs: Sequence[Any]) -> Any:
    return xs[0] if at["low"] is at["high"] is None else t.clamp(xs[0], at["low"], at["high"])


def _layer_norm(t: Any, at: Attrs, xs: Sequence[Any]) -> Any:
    x, w, b = xs
    return t.nn.functional.layer_norm(x, (x.shape[-1],), w, b, at.float("eps"))


def _cross_entropy(t: Any, at: Attrs, xs: Sequence[Any]) -> Any:
    """PyTorch wants [rows, classes]."""
    x, target = xs
    ignore = at["ignore_index"]
    out = t.nn.functional.cross_entropy(
        x.reshape(-1, x.shape[-1]),
        target.reshape(-1),
        reduction=at.str("reduction"),
        label_smoothing=at.float("label_smoothing"),
        ignore_index=-100 if ignore is None else ignore,
    )
    return out.reshape(target.shape) if at.str("reduction") == "none" else out


# fmt: off
SAME_NAME = (
    "add", "sub", "mul", "div", "neg", "pow", "abs", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "log", "log1p",
    "tanh", "sigmoid", "relu", "erf", "sin", "cos", "maximum", "minimum", "where", "floor", "matmul",
)
# fmt: on

PEERS: dict[str, Peer] = {
    **{name: _elementwise(name) for name in SAME_NAME},
    "softplus": _functional("softplus"),
    "silu": _functional("silu"),
    "gelu": lambda t, at, xs: t.nn.functional.gelu(xs[0], approximate=at.str("approximate")),
    "clip": _clip,
    "sum": _axes("sum"),
    "mean": _axes("mean"),
    "max": _axes("amax"),
    "min": _axes("amin"),
    "logsumexp": _axes("logsumexp"),
    "softmax": lambda t, at, xs: t.softmax(xs[0], at.int("axis")),
    "log_softmax": lambda t, at, xs: t.log_softmax(xs[0], at.int("axis")),
    "einsum": lambda t, at, xs: t.einsum(at.str("spec"), *xs),
    "linear": lambda t, at, xs: t.nn.functional.linear(xs[0], xs[1].T, *xs[2:]),
    "layer_norm": _layer_norm,
    "embedding": lambda t, at, xs: t.nn.functional.embedding(*xs),
    "take_along_axis": lambda t, at, xs: t.take_along_dim(*xs, at.int("axis")),
    "mse_loss": lambda t, at, xs: t.nn.functional.mse_loss(*xs, reduction=at.str("reduction")),
    "bce_with_logits": lambda t, at, xs: t.nn.functional.binary_cross_entropy_with_logits(
        *xs, reduction=at.str("reduction")
    ),
    "cross_entropy": _cross_entropy,
}


def _compare(op: OpDef, args: tuple[Arr, ...], attrs: Attrs) -> None:
    torch: Any = pytest.importorskip("torch")
    tensors = [torch.tensor(a, requires_grad=a.dtype == np.float64) for a in args]
    want = PEERS[op.name](torch, attrs, tensors)
    out = op.reference(args, attrs)
    assert oracle.close(out, cast("Arr", want.detach().numpy()))
    if op.vjp is None or out.dtype != np.float64:
        return
    w = oracle.weights(out.shape, 0)
    want.backward(torch.tensor(w))
    b = oracle.NumpyBuild()
    needs = tuple(a.dtype == np.float64 for a in args)
    found = op.vjp(Pullback(b, args, out, attrs, needs), w)
    for a, t, need, g in zip(args, tensors, needs, found, strict=True):
        if need:
            assert g is not None and oracle.close(b.unbroadcast(g, a.shape), cast("Arr", t.grad.numpy()))


CASES = [pytest.param(OPS[name], s, id=f"{name}-{i}") for name in PEERS for i, s in enumerate(OPS[name].domain)]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_samples_agree_with_pytorch(op: OpDef, sample: Sample) -> None:
    """Every sample in float64: value and gradient."""
    _compare(op, oracle.draw(sample, op.name, wide=True), oracle.widened(sample.attrs))


GRID = np.asarray([-2.0, -1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 2.0])


@pytest.mark.parametrize("name", ["abs", "relu", "sign", "square", "exp", "tanh", "sigmoid", "softplus", "silu", "erf"])
def test_functions_agree_at_round_numbers(name: str) -> None:
    """Kinks included: the slopes at 0."""
    _compare(OPS[name], (GRID,), Attrs())


@pytest.mark.parametrize("name", ["maximum", "minimum", "pow", "mul", "div"])
def test_pairs_agree_at_ties(name: str) -> None:
    """Ties, and for pow zero bases and zero exponents."""
    x, y = (a.ravel() for a in np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]))
    _compare(OPS[name], (x, y + 1 if name == "div" else y), Attrs())


@pytest.mark.parametrize("name", ["max", "min"])
def test_reductions_agree_at_ties(name: str) -> None:
    _compare(OPS[name], (np.asarray([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]),), Attrs({"axis": (1,), "keepdims": False}))


def test_clip_agrees_at_its_bounds() -> None:
    _compare(OPS["clip"], (GRID,), Attrs({"low": -1.0, "high": 1.0}))
