"""Losses. `reduction` is "mean", "sum" or "none" (one loss per element, or per row for classes)."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from ..compiler.errors import OptionError, ShapeError
from ..compiler.ir.attrs import Attrs
from ..compiler.loc import user_loc
from ..compiler.ops.shapes import axes_text
from . import movement
from .array import AnyArray, type_of
from .conversion import as_array, as_floating
from .dispatch import apply, fail
from .scope import same_size
from .tensor import IntTensor, Scalar, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
C = TypeVar("C")
Reduction: TypeAlias = Literal["mean", "sum", "none"]


_MEAN = Attrs({"reduction": "mean"})
_HARD = Attrs({"reduction": "mean", "label_smoothing": 0.0, "ignore_index": None})


def check_reduction(op: str, reduction: str) -> None:
    """OptionError if it is none of the three."""
    if reduction not in ("mean", "sum", "none"):
        text = f"{op}: reduction={reduction!r}"
        raise OptionError(text, loc=user_loc(), help='write "mean", "sum" or "none"', code="SW801")


def _reduced(x: AnyArray, reduction: str) -> Any:
    return x if reduction == "none" else movement.reduce(reduction, x, None, False)


def _difference(op: str, x: object, y: object) -> AnyArray:
    """x - y of one shape: broadcasting predictions against targets is almost always a mistake."""
    a, b = as_floating(x), as_floating(y)
    if a.ndim != b.ndim or not all(map(same_size, type_of(a).shape, type_of(b).shape)):
        text = f"{op}: the operands have different shapes"
        fail(ShapeError(text, details=["a loss does not broadcast"], code="SW101"), x, y, op="mse_loss", attrs=_MEAN)
    plain = all(isinstance(v, list | tuple | int | float) for v in (x, y))  # no tensor says of which type they are
    return cast("AnyArray", apply("sub", (a, b) if plain else (x, y)))


# ---- regression
@overload
def mse_loss(x: Tensor[*S], y: Tensor[*S], reduction: Literal["mean", "sum"] = "mean") -> Scalar: ...
@overload
def mse_loss(x: Tensor[*S], y: Tensor[*S], reduction: Literal["none"]) -> Tensor[*S]: ...
def mse_loss(x: Any, y: Any, reduction: Reduction = "mean") -> Any:
    """Squared differences. Shapes must be equal (broadcasting a loss is almost always a mistake)."""
    check_reduction("mse_loss", reduction)
    return apply("mse_loss", (x, y), {"reduction": reduction})


@overload
def l1_loss(x: Tensor[*S], y: Tensor[*S], reduction: Literal["mean", "sum"] = "mean") -> Scalar: ...
@overload
def l1_loss(x: Tensor[*S], y: Tensor[*S], reduction: Literal["none"]) -> Tensor[*S]: ...
def l1_loss(x: Any, y: Any, reduction: Reduction = "mean") -> Any:
    """Magnitudes of the differences."""
    check_reduction("l1_loss", reduction)
    return _reduced(apply("abs", (_difference("l1_loss", x, y),)), reduction)


@overload
def huber_loss(
    x: Tensor[*S], y: Tensor[*S], reduction: Literal["mean", "sum"] = "mean", delta: float = 1.0
) -> Scalar: ...
@overload
def huber_loss(x: Tensor[*S], y: Tensor[*S], reduction: Literal["none"], delta: float = 1.0) -> Tensor[*S]: ...
def huber_loss(x: Any, y: Any, reduction: Reduction = "mean", delta: float = 1.0) -> Any:
    """Half the squared difference up to `delta`, beyond that linear (Huber 1964)."""
    check_reduction("huber_loss", reduction)
    d = apply("abs", (_difference("huber_loss", x, y),))
    inner = apply("clip", (d,), {"low": None, "high": float(delta)})
    return _reduced(apply("mul", (inner, apply("sub", (d, apply("mul", (inner, 0.5)))))), reduction)


# ---- classes
@overload
def cross_entropy(
    logits: Tensor[*B, C],
    targets: IntTensor[*B] | Tensor[*B, C],
    weight: Tensor[C] | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum"] = "mean",
) -> Scalar: ...
@overload
def cross_entropy(
    logits: Tensor[*B, C],
    targets: IntTensor[*B] | Tensor[*B, C],
    weight: Tensor[C] | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    *,
    reduction: Literal["none"],
) -> Tensor[*B]: ...
def cross_entropy(
    logits: Any,
    targets: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Any:
    """-log softmax(logits) at the targets; the classes are the last axis.

    targets: class indices [*B], or probabilities [*B, C]. weight: one factor per class; the mean is then weighted.
    ignore_index: rows with this target have no part in the loss or the mean.

    Raises:
        IndexOutOfRange: a target that is no class (and not `ignore_index`).
    """
    check_reduction("cross_entropy", reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        text = f"cross_entropy: label_smoothing={label_smoothing}"
        raise OptionError(text, loc=user_loc(), help="0 <= label_smoothing <= 1", code="SW801")
    target = as_array(targets)
    if weight is not None:
        x = as_floating(logits)
        _check_weight(x, weight)
        weight = as_floating(weight, type_of(x).dtype)
    if type_of(target).dtype.is_float:
        _check_probabilities(logits, targets)
        return _soft_cross_entropy(as_floating(logits), target, weight, float(label_smoothing), reduction)
    at = {"reduction": reduction, "label_smoothing": float(label_smoothing), "ignore_index": ignore_index}
    if weight is None:
        return apply("cross_entropy", (logits, targets), at)
    rows = apply("cross_entropy", (logits, targets), {**at, "reduction": "none"})  # checks the targets, too
    return _weighted_cross_entropy(as_floating(logits), target, weight, rows, at)


def _check_weight(x: AnyArray, weight: object) -> None:
    """Refuse factors that are not one for each class."""
    w = as_array(weight)
    if x.ndim and (w.ndim != 1 or not same_size(type_of(w).shape[0], type_of(x).shape[-1])):
        text = "cross_entropy: weight has one factor for each class, the last axis of the logits"
        fail(ShapeError(text, details=["its size is that of the axis"], code="SW101"), x, weight)


def _check_probabilities(x: object, p: object) -> None:
    """Refuse floating targets of the rank of class indices: they are labels that were never cast."""
    have, want = as_array(p).ndim, as_array(x).ndim
    if have != want:
        error = ShapeError(
            f"cross_entropy: floating targets of {axes_text(have)} for logits of {want}",
            details=["floating targets are probabilities, one for each class; class indices are integers"],
            code="SW101",
        )
        fail(error, x, p, op="cross_entropy", attrs=_HARD)


def _soft_cross_entropy(x: AnyArray, p: AnyArray, weight: Any, smoothing: float, reduction: str) -> Any:
    logp = apply("log_softmax", (x,), {"axis": x.ndim - 1})
    if smoothing:
        classes = type_of(x).shape[-1]
        p = apply("add", (apply("mul", (p, 1.0 - smoothing)), apply("div", (_scalar(x, smoothing), classes))))
    terms = apply("mul", (p, logp))
    if weight is not None:
        terms = apply("mul", (terms, weight))
    return _reduced(apply("neg", (movement.reduce("sum", terms, -1, False),)), reduction)


def _scalar(like: AnyArray, value: float) -> Any:
    return apply("const", (), {"value": value, "dtype": type_of(like).dtype.value})


def _weighted_cross_entropy(x: AnyArray, target: AnyArray, weight: Any, rows: AnyArray, at: dict[str, Any]) -> Any:
    """As PyTorch: the target's weight on the likelihood, every class's own weight on the smoothing."""
    smoothing, ignore = at["label_smoothing"], at["ignore_index"]
    kept = None if ignore is None else apply("not_equal", (target, ignore))
    ids = target if kept is None else apply("where", (kept, target, 0))
    factor = apply("take", (weight, ids), {"axis": 0})
    if kept is not None:
        factor = apply("where", (kept, factor, 0.0))
    if smoothing:
        plain = apply("cross_entropy", (x, target), {**at, "reduction": "none", "label_smoothing": 0.0})
        logp = apply("log_softmax", (x,), {"axis": x.ndim - 1})
        spread = apply("neg", (movement.reduce("sum", apply("mul", (logp, weight)), -1, False),))
        if kept is not None:
            spread = apply("where", (kept, spread, 0.0))
        share = apply("div", (apply("mul", (spread, smoothing)), type_of(x).shape[-1]))
        rows = apply("add", (apply("mul", (apply("mul", (plain, factor)), 1.0 - smoothing)), share))
    else:
        rows = apply("mul", (rows, factor))
    if at["reduction"] != "mean":
        return _reduced(rows, at["reduction"])
    return apply("div", (movement.reduce("sum", rows, None, False), movement.reduce("sum", factor, None, False)))


@overload
def nll_loss(
    log_probs: Tensor[*B, C], targets: IntTensor[*B], reduction: Literal["mean", "sum"] = "mean"
) -> Scalar: ...
@overload
def nll_loss(log_probs: Tensor[*B, C], targets: IntTensor[*B], reduction: Literal["none"]) -> Tensor[*B]: ...
def nll_loss(log_probs: Any, targets: Any, reduction: Reduction = "mean") -> Any:
    """-log_probs at the targets; the classes are the last axis."""
    check_reduction("nll_loss", reduction)
    x = as_floating(log_probs)
    ids = movement.unsqueeze(as_array(targets), -1)
    picked = apply("take_along_axis", (x, ids), {"axis": x.ndim - 1})
    return _reduced(apply("neg", (movement.squeeze(picked, -1),)), reduction)


# ---- probabilities
@overload
def bce_with_logits(x: Tensor[*S], y: Tensor[*S], reduction: Literal["mean", "sum"] = "mean") -> Scalar: ...
@overload
def bce_with_logits(x: Tensor[*S], y: Tensor[*S], reduction: Literal["none"]) -> Tensor[*S]: ...
def bce_with_logits(x: Any, y: Any, reduction: Reduction = "mean") -> Any:
    """Binary cross entropy of sigmoid(x) and the probability `y`, without overflow."""
    check_reduction("bce_with_logits", reduction)
    return apply("bce_with_logits", (x, y), {"reduction": reduction})


@overload
def bce_loss(p: Tensor[*S], y: Tensor[*S], reduction: Literal["mean", "sum"] = "mean") -> Scalar: ...
@overload
def bce_loss(p: Tensor[*S], y: Tensor[*S], reduction: Literal["none"]) -> Tensor[*S]: ...
def bce_loss(p: Any, y: Any, reduction: Reduction = "mean") -> Any:
    """Binary cross entropy of two probabilities; logarithms are limited to -100, as in PyTorch."""
    check_reduction("bce_loss", reduction)
    p, at = as_floating(p), {"low": -100.0, "high": None}
    on = apply("mul", (y, apply("clip", (apply("log", (p,)),), at)))
    off = apply("mul", (apply("sub", (1.0, y)), apply("clip", (apply("log1p", (apply("neg", (p,)),)),), at)))
    return _reduced(apply("neg", (apply("add", (on, off)),)), reduction)


@overload
def kl_div(log_p: Tensor[*S], q: Tensor[*S], reduction: Literal["mean", "sum"] = "mean") -> Scalar: ...
@overload
def kl_div(log_p: Tensor[*S], q: Tensor[*S], reduction: Literal["none"]) -> Tensor[*S]: ...
def kl_div(log_p: Any, q: Any, reduction: Reduction = "mean") -> Any:
    """q * (log q - log_p), the divergence of log probabilities from probabilities; 0 where q is 0."""
    check_reduction("kl_div", reduction)
    positive = apply("greater", (q, 0.0))
    logq = apply("log", (apply("where", (positive, q, 1.0)),))
    terms = apply("where", (positive, apply("mul", (q, apply("sub", (logq, log_p)))), 0.0))
    return _reduced(terms, reduction)
