"""Contractions: einsum of two operands, and what is written with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..errors import ShapeError
from ..ir.attrs import Attrs
from ..ir.build import Build
from ..sizes import Shape, Size
from ..types import TensorType
from .opdef import Decompose, OpDef, Pullback, Sample, Special
from .refs import Float, plain, with_attrs
from .shapes import FLOATS, Types, arity, axes_text, broadcast, of_kind, rank_at_least, same_dtype, same_size, words

V = TypeVar("V")
_BATCH = "abcdefghijlopqrstuvwxyz"  # letters of batch axes; k, m and n are the matrix axes


def parse(spec: str) -> tuple[str, str, str]:
    """The letters of both operands and of the result of "bij,bjk->bik".

    Raises:
        ShapeError: not two operands, a letter twice in one place, or a letter that only one operand has.
    """
    left, arrow, out = spec.partition("->")
    x, comma, y = left.partition(",")
    fault = ""
    if not arrow or not comma or "," in y or (not (x + y + out).isalpha() and x + y + out):
        fault = "it must read letters,letters->letters"
    elif any(len(set(part)) != len(part) for part in (x, y, out)):
        fault = "a letter stands twice in one place"
    elif not set(out) <= set(x + y):
        fault = "the result has a letter that no operand has"
    elif set(x) - set(y + out) or set(y) - set(x + out):
        fault = "a letter of one operand is neither in the other operand nor in the result: sum that axis first"
    if fault:
        raise ShapeError(f'einsum: "{spec}" is not a contraction of two operands', details=[fault], code="SW103")
    return x, y, out


def _infer_einsum(types: Types, attrs: Attrs) -> TensorType:
    arity("einsum", types, 2)
    _floats("einsum", types)
    parts = parse(attrs.str("spec"))
    places: dict[str, tuple[int, int]] = {}
    for k in (0, 1):
        if len(parts[k]) != types[k].ndim:
            raise ShapeError(
                f'einsum: "{parts[k]}" has {len(parts[k])} letters for {words(types[k])}',
                details=[f"operand {k + 1} has {axes_text(types[k].ndim)}: one letter stands for each"],
                code="SW103",
            )
        for axis, letter in enumerate(parts[k]):
            first = places.setdefault(letter, (k, axis))
            if first != (k, axis):
                same_size(f'einsum, letter "{letter}"', types, first, (k, axis), "a letter has one size")
    return TensorType(types[0].dtype, *_letters(types, parts))


def _letters(types: Types, parts: tuple[str, str, str]) -> tuple[Shape, tuple[str | None, ...]]:
    size: dict[str, Size] = {}
    name: dict[str, str | None] = {}
    for k in (0, 1):
        for axis, letter in enumerate(parts[k]):
            size[letter] = types[k].shape[axis]
            name[letter] = name.get(letter) or types[k].names[axis]
    return tuple(size[c] for c in parts[2]), tuple(name[c] for c in parts[2])


def _floats(op: str, types: Types) -> None:
    for i in range(len(types)):
        of_kind(op, types, i, FLOATS)
    same_dtype(op, types)


def _einsum_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """Each gradient is the contraction of `g` with the other operand."""
    b, (x, y) = p.b, p.args
    lx, ly, lo = parse(p.attrs.str("spec"))
    gx = b.einsum(f"{lo},{ly}->{lx}", g, y) if p.needs[0] else None
    gy = b.einsum(f"{lx},{lo}->{ly}", x, g) if p.needs[1] else None
    return gx, gy


def _einsum_ref(attrs: Attrs, x: Float, y: Float) -> object:
    """By one batched matmul, so that NumPy uses BLAS."""
    lx, ly, lo = parse(attrs.str("spec"))
    batch = [c for c in lo if c in lx and c in ly]
    rows, cols = [c for c in lo if c not in ly], [c for c in lo if c not in lx]
    inner = [c for c in lx if c not in lo]
    size = dict(zip(lx + ly, x.shape + y.shape, strict=True))

    def block(a: Float, letters: str, *groups: list[str]) -> Float:
        turned = a.transpose([letters.index(c) for group in groups for c in group])
        return turned.reshape([size[c] for c in batch] + [_product([size[c] for c in group]) for group in groups[1:]])

    out = np.matmul(block(x, lx, batch, rows, inner), block(y, ly, batch, inner, cols))
    order = [*batch, *rows, *cols]
    return out.reshape([size[c] for c in order]).transpose([order.index(c) for c in lo])


def _product(sizes: list[int]) -> int:
    return int(np.prod(sizes, dtype=np.int64))


# ---- matmul
def _infer_matmul(types: Types, attrs: Attrs) -> TensorType:
    arity("matmul", types, 2)
    _floats("matmul", types)
    rank_at_least("matmul", types, 0, 1)
    rank_at_least("matmul", types, 1, 1)
    x, y = types
    inner = 0 if y.ndim == 1 else y.ndim - 2
    same_size(
        "matmul",
        types,
        (0, x.ndim - 1),
        (1, inner),
        "x @ y multiplies [.., m, k] with [.., k, n]",
    )
    batch, names = _batch(types)
    tail = [(x, -2)] * (x.ndim > 1) + [(y, -1)] * (y.ndim > 1)
    shape = batch + tuple(t.shape[a] for t, a in tail)
    return TensorType(x.dtype, shape, names + tuple(t.names[a] for t, a in tail))


def _batch(types: Types) -> tuple[Shape, tuple[str | None, ...]]:
    heads = tuple(TensorType(t.dtype, t.shape[:-2], t.names[: max(t.ndim - 2, 0)]) for t in types)
    return broadcast("matmul, batch axes", heads)


def matmul_plan(tx: TensorType, ty: TensorType) -> tuple[str, Shape, Shape]:
    """The einsum of a matmul, and the shapes of its operands: batch axes of size 1 against a larger one are dropped,
    so no operand is ever copied along a batch axis ([K, N] against [B, M, K] is "amk,kn->amn")."""
    bx, by = tx.shape[:-2], ty.shape[:-2]
    rank = max(len(bx), len(by))
    px: Shape = (1,) * (rank - len(bx)) + bx
    py: Shape = (1,) * (rank - len(by)) + by
    lx = ly = lo = ""
    kx: list[Size] = []
    ky: list[Size] = []
    for c, sx, sy in zip(_BATCH, px, py):  # noqa: B905 - as many letters as batch axes
        lo += c
        if sx != 1 or sy == 1:
            lx += c
            kx.append(sx)
        if sy != 1:
            ly += c
            ky.append(sy)
    mx, my = "mk"[-min(tx.ndim, 2) :], "kn"[: min(ty.ndim, 2)]
    spec = f"{lx}{mx},{ly}{my}->{lo}{mx[:-1]}{my[1:]}"
    return spec, (*kx, *tx.shape[-2:]), (*ky, *ty.shape[-2:])


def _matmul(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    x, y = args
    spec, sx, sy = matmul_plan(b.type_of(x), b.type_of(y))
    return b.einsum(spec, b.reshape(x, sx), b.reshape(y, sy))


def _matmul_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, (x, y) = p.b, p.args
    spec, sx, sy = matmul_plan(b.type_of(x), b.type_of(y))
    lx, ly, lo = parse(spec)
    gx = b.einsum(f"{lo},{ly}->{lx}", g, b.reshape(y, sy)) if p.needs[0] else None
    gy = b.einsum(f"{lx},{lo}->{ly}", b.reshape(x, sx), g) if p.needs[1] else None
    return None if gx is None else b.reshape(gx, b.shape(x)), None if gy is None else b.reshape(gy, b.shape(y))


# ---- linear
def _infer_linear(types: Types, attrs: Attrs) -> TensorType:
    arity("linear", types, 2, 3)
    _floats("linear", types)
    x, w = types[:2]
    rank_at_least("linear", types, 0, 1)
    for k, rank, text in ((1, 2, "weight [in, out]"), (2, 1, "bias [out]")):
        if k < len(types) and types[k].ndim != rank:
            raise ShapeError(
                f"linear: a {text} has {rank} {'axis' if rank == 1 else 'axes'}",
                details=[f"operand {k + 1} is {words(types[k])}", "linear(x, weight, bias)"],
                code="SW103",
            )
    same_size("linear", types, (0, x.ndim - 1), (1, 0), "the weight is [in, out], the transpose of PyTorch's")
    if len(types) == 3:
        same_size("linear", types, (2, 0), (1, 1), "the bias has one element for each output")
    return TensorType(x.dtype, (*x.shape[:-1], w.shape[1]), (*x.names[:-1], w.names[1]))


def _linear_letters(x: TensorType) -> str:
    return _BATCH[: x.ndim - 1]


def _linear(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    lead = _linear_letters(b.type_of(args[0]))
    y = b.einsum(f"{lead}k,kn->{lead}n", args[0], args[1])
    return b.add(y, args[2]) if len(args) == 3 else y


def _linear_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, x, w = p.b, p.args[0], p.args[1]
    lead = _linear_letters(b.type_of(x))
    gx = b.einsum(f"{lead}n,kn->{lead}k", g, w) if p.needs[0] else None
    gw = b.einsum(f"{lead}k,{lead}n->kn", x, g) if p.needs[1] else None
    return [gx, gw, g][: len(p.args)]


def _linear_ref(x: Float, w: Float, *bias: Float) -> object:
    y = np.matmul(x, w)
    return y + bias[0] if bias else y


# ---- the family
def _f(*shapes: tuple[int, ...], dtype: str = "float32", spec: str | None = None) -> Sample:
    return Sample(tuple((s, dtype, -1.0, 1.0) for s in shapes), Attrs({"spec": spec} if spec is not None else {}))


CONTRACTION: tuple[OpDef, ...] = (
    OpDef(
        "einsum",
        _infer_einsum,
        _einsum_vjp,
        None,
        Special("einsum"),
        with_attrs(_einsum_ref),
        (
            _f((3, 4), (4, 5), spec="ij,jk->ik"),
            _f((3, 4), (5, 4), spec="ij,kj->ki"),
            _f((4, 3), (4, 5), dtype="float64", spec="ki,kj->ij"),
            _f((2, 3, 4), (2, 4, 5), spec="bij,bjk->bik"),
            _f((2, 3, 4), (4, 5), spec="bij,jk->bik"),
            _f((2, 3, 4), (2, 3, 5), spec="bij,bik->jk"),
            _f((2, 3, 2, 4), (2, 5, 2, 4), spec="bthd,bshd->bhts"),
            _f((3,), (4,), spec="i,j->ij"),
            _f((3, 4), (3, 4), spec="ij,ij->"),
            _f((3,), (3, 4), spec="i,ij->ij"),
            _f((), (3,), dtype="float64", spec=",i->i"),
        ),
        "Sum of products of two operands over the letters that the result leaves out.",
    ),
    OpDef(
        "matmul",
        _infer_matmul,
        _matmul_vjp,
        None,
        Decompose(_matmul),
        plain(np.matmul),
        (
            _f((3, 4), (4, 5)),
            _f((4,), (4,)),
            _f((3, 4), (4,)),
            _f((4,), (4, 5), dtype="float64"),
            _f((2, 3, 4), (4, 5)),
            _f((2, 3, 4), (2, 4, 5), dtype="float64"),
            _f((2, 1, 3, 4), (1, 2, 4, 5)),
            _f((1, 3, 4), (1, 4, 5)),
            _f((2, 3, 4), (4,)),
        ),
        "Matrix product x @ y with NumPy's rules: rank-1 operands are vectors, leading axes broadcast.",
    ),
    OpDef(
        "linear",
        _infer_linear,
        _linear_vjp,
        None,
        Decompose(_linear),
        plain(_linear_ref),
        (
            _f((3, 4), (4, 5), (5,)),
            _f((3, 4), (4, 5)),
            _f((2, 3, 4), (4, 5), (5,), dtype="float64"),
            _f((4,), (4, 5), (5,)),
        ),
        "x @ weight + bias for x[*batch, in], weight[in, out], bias[out].",
    ),
)
