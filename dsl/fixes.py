"""One next step for an operation that does not fit: each idea is tried by the shape rules, and shown only if it works.

An idea changes one operand (transposed, with an axis kept, inserted or taken away, of another element type), exchanges
two, or changes a size or an axis of the call. It is written as the user's own line would read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import TypeAlias, final

import numpy as np

from ..compiler.errors import DTypeError, Help, ShapeError, ShapewrightError
from ..compiler.ir.attrs import Attrs
from ..compiler.ops.elementwise import ELEMENTWISE
from ..compiler.ops.table import infer
from ..compiler.sizes import product
from ..compiler.types import DType, TensorType
from .annotations import DimName
from .array import is_array
from .blame import UserCall, user_call
from .conversion import without_own
from .kept_axes import Kept, kept_axis
from .rewrite import (
    LONGEST,
    Written,
    attribute_written,
    index_written,
    method_written,
    number_written,
    replaced,
    rewritten,
)

Types: TypeAlias = "tuple[TensorType, ...]"

_PRODUCTS = ("matmul", "einsum", "linear")
_BROADCAST = frozenset(op.name for op in ELEMENTWISE)
_MOST_AXES = 6
_NEVER_IN_PARENTHESES = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Call,
    ast.Constant,
    ast.UnaryOp,
)  # where we write them
_LOSSES = ("mse_loss", "bce_with_logits", "cross_entropy")
_ORDERED = (*_PRODUCTS, "cross_entropy", "take", "take_along_axis", "embedding")  # where operands may be exchanged


def is_of(call: UserCall, op: str) -> bool:
    """Whether the user's expression is this operation itself, so that what repairs one repairs the other."""
    operator = isinstance(call.node, ast.BinOp | ast.Compare | ast.UnaryOp | ast.AugAssign)
    return operator or call.entry in (op, f"__{op}__", f"__r{op}__", "__array_ufunc__")


@final
@dataclass(frozen=True, slots=True)
class Failed:
    """An operation that was refused, and how the user wrote it."""

    op: str
    attrs: Attrs
    types: Types
    args: tuple[object, ...]
    call: UserCall
    error: ShapewrightError


@final
@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one operand: what it is, the type it then has, and how it is written."""

    what: str
    type: TensorType
    written: Written


Ideas: TypeAlias = "Callable[[Failed, int], Iterator[Edit] | Iterator[Kept]]"  # the changes of one operand


def suggestion(failed: Failed) -> Help | None:
    """The first idea that makes the operation fit, as a help line; None if none does."""
    if isinstance(failed.error, DTypeError):
        return _first(failed, _casts)
    if not isinstance(failed.error, ShapeError) or not failed.types:
        return None
    if failed.op == "cross_entropy":
        return _exchanged(failed) or _first(failed, _casts)
    ideas: list[Ideas] = [_kept, _transposed]
    if failed.op not in _PRODUCTS:
        ideas = [_kept, _squeezed, _inserted, _transposed]
    if failed.op in _LOSSES:
        ideas.append(_repeated)
    for idea in ideas:
        found = _first(failed, idea)
        if found is not None:
            return found
    return _exchanged(failed) or _other_size(failed) or _other_axis(failed)


def _first(failed: Failed, idea: Ideas) -> Help | None:
    """The last operands come first: a weight is easier to turn than the data. Of two widths the larger is converted."""
    order = list(reversed(range(len(failed.types))))
    if isinstance(failed.error, DTypeError):
        order.sort(key=lambda i: failed.types[i].dtype is not DType.float64)
    for i in order:
        target = isinstance(failed.call.node, ast.AugAssign) and i == 0  # x.mT += y is another variable
        if target or not (is_array(failed.args[i]) or isinstance(failed.args[i], np.ndarray)):
            continue
        for edit in idea(failed, i):
            if _fits(failed, _with(failed.types, i, edit.type), failed.attrs):
                return edit.help(failed.call) if isinstance(edit, Kept) else _help(failed, edit.what, {i: edit.written})
    return None


def _with(types: Types, i: int, new: TensorType) -> Types:
    return (*types[:i], new, *types[i + 1 :])


# ---- what fits
def _fits(failed: Failed, types: Types, attrs: Attrs) -> bool:
    """Whether the shape rule takes these operands, and axes with names meet their like."""
    numbers = [i for i, x in enumerate(failed.args) if not is_array(x) and not isinstance(x, np.ndarray | list)]
    alike = without_own(failed.op, range(len(types)))
    dtype = next((types[i].dtype for i in alike if i not in numbers), None)
    if dtype is not None:  # a number takes the element type of the tensor it meets, if that loses nothing
        if any(_loses(types[i].dtype, dtype) for i in numbers if i in alike):
            return False
        types = tuple(TensorType(dtype, ()) if i in numbers and i in alike else t for i, t in enumerate(types))
    try:
        result = infer(failed.op, types, attrs)
    except ShapewrightError:
        return False
    if isinstance(failed.error, DTypeError):
        return True  # the names have nothing to do with it
    if failed.op in _BROADCAST and all(result.shape != t.shape for t in types):
        return False  # an outer sum or product is not what was meant
    return _names_meet(failed.op, types)


def _loses(number: DType, dtype: DType) -> bool:
    """Whether a number cannot take this element type."""
    return number is not DType.bool and not dtype.is_float and (number.is_float or not dtype.is_int)


def _names_meet(op: str, types: Types) -> bool:
    if op in ("matmul", "linear"):
        x, y = types[:2]
        return _same(x.names[-1], y.names[0 if y.ndim == 1 or op == "linear" else -2])
    if op == "einsum" or len(types) < 2:
        return True
    for column in zip_longest(*(reversed(list(zip(t.names, t.shape, strict=True))) for t in types)):
        names = [entry[0] for entry in column if entry is not None and entry[1] != 1 and isinstance(entry[0], DimName)]
        if op != "cross_entropy" and any(not _same(names[0], n) for n in names):
            return False
    return True


def _same(a: str | None, b: str | None) -> bool:
    """Whether two axes may meet: both are of one `Dim`, or one is of none."""
    return not isinstance(a, DimName) or not isinstance(b, DimName) or a.dim is b.dim


# ---- changes of one operand
def _casts(failed: Failed, i: int) -> Iterator[Edit]:
    """To the element type of another operand, floating ones first, or to one that the operation takes."""
    t = failed.types[i]
    others = [o.dtype for k, o in enumerate(failed.types) if k != i and o.dtype is not t.dtype]
    wanted = [d for d in others if d.is_float or not t.dtype.is_float]
    if failed.error.places and all(operand != i for operand, _ in failed.error.places):
        return
    wrong = (
        len(failed.error.places) == 1 or failed.op == "cross_entropy"
    )  # of a kind that is not taken, whatever it meets
    alone = [DType.float32, DType.int64, DType.bool] if wrong else []
    for dtype in dict.fromkeys([*wanted, *alone]):
        if dtype is not t.dtype:
            cast = TensorType(dtype, t.shape, t.names)
            yield Edit("convert `{}`", cast, method_written("astype", ast.Constant(dtype.value)))


def _transposed(failed: Failed, i: int) -> Iterator[Edit]:
    t, expr = failed.types[i], failed.call.operands[i]
    if t.ndim < 2:
        return
    turned = TensorType(t.dtype, (*t.shape[:-2], *t.shape[:-3:-1]), (*t.names[:-2], *t.names[:-3:-1]))
    if isinstance(expr, ast.Attribute) and (expr.attr == "mT" or (expr.attr == "T" and t.ndim == 2)):
        yield Edit("leave out the transpose", turned, lambda e: e.value if isinstance(e, ast.Attribute) else e)
    else:
        yield Edit("transpose `{}`", turned, attribute_written("mT"))


def _kept(failed: Failed, i: int) -> Iterator[Kept]:
    """The result of a reduction, with the axis that it folded."""
    found = kept_axis(failed.call, failed.call.operands[i], failed.types[i])
    if found is not None:
        yield found


def _squeezed(failed: Failed, i: int) -> Iterator[Edit]:
    t = failed.types[i]
    for axis in reversed(range(t.ndim)):
        if t.shape[axis] == 1 and t.ndim > min(o.ndim for o in failed.types):
            rest = [a for a in range(t.ndim) if a != axis]
            type_ = TensorType(t.dtype, tuple(t.shape[a] for a in rest), tuple(t.names[a] for a in rest))
            yield Edit("take away the axis of size 1", type_, method_written("squeeze", number_written(axis - t.ndim)))


def _inserted(failed: Failed, i: int) -> Iterator[Edit]:
    """With an axis of size 1, if another operand has more axes (or the wanted shape does)."""
    t = failed.types[i]
    most = max(o.ndim for o in failed.types)
    if failed.op == "broadcast_to":
        most = len(failed.attrs.sizes("shape"))
    for axis in reversed(range(t.ndim + 1)) if t.ndim < most else ():
        type_ = TensorType(t.dtype, (*t.shape[:axis], 1, *t.shape[axis:]), (*t.names[:axis], None, *t.names[axis:]))
        yield Edit("insert an axis into `{}`", type_, index_written(axis))


def _repeated(failed: Failed, i: int) -> Iterator[Edit]:
    """A loss does not broadcast: one operand in the shape of the other."""
    if len(failed.types) != 2:
        return
    t, other = failed.types[i], failed.types[1 - i]
    expr = failed.call.operands[1 - i]
    if expr is None or t.ndim > other.ndim or not is_array(failed.args[i]):  # an array of NumPy has no such method
        return
    try:
        type_ = infer("broadcast_to", (t,), Attrs({"shape": other.shape}))
    except ShapewrightError:
        return
    shape = ast.Attribute(value=expr, attr="shape", ctx=ast.Load())
    yield Edit("repeat `{}`, if that is meant", type_, method_written("broadcast_to", shape))


# ---- changes of the call
def _exchanged(failed: Failed) -> Help | None:
    if failed.op not in _ORDERED or len(failed.types) != 2 or isinstance(failed.call.node, ast.AugAssign):
        return None
    a, b = failed.call.operands
    if a is None or b is None or not _fits(failed, failed.types[::-1], failed.attrs):
        return None
    return _help(failed, "exchange the operands", {0: lambda _: b, 1: lambda _: a})


def _other_size(failed: Failed) -> Help | None:
    """A reshape with -1 in the place of one size, which folds axes that stand next to each other.

    Only to a matrix or a vector, and not if the size is that of some of the axes: they may want a transpose before.
    """
    node = failed.call.node
    if failed.op != "reshape" or not isinstance(node, ast.Call):
        return None
    shape, have = failed.attrs.sizes("shape"), failed.types[0].shape
    if len(shape) > 2 or len(have) > _MOST_AXES:
        return None
    parts = {product(part) for n in range(len(have) + 1) for part in combinations(have, n)}
    sizes = node.args[-1].elts if node.args and isinstance(node.args[-1], ast.Tuple | ast.List) else node.args
    for i, expr in enumerate(sizes if len(sizes) == len(shape) else ()):
        before, after = shape[:i], shape[i + 1 :]
        kept = have[:i] == before and have[len(have) - len(after) :] == after and len(have) >= len(shape)
        if kept and shape[i] not in parts and isinstance(expr, ast.Constant):
            return line_help(failed.call, "let -1 stand for what is left", node, {expr: number_written(-1)})
    return None


def _other_axis(failed: Failed) -> Help | None:
    """A concatenation along another axis."""
    node = failed.call.node
    if failed.op != "concat" or not isinstance(node, ast.Call):
        return None
    given = next((k.value for k in node.keywords if k.arg == "axis"), node.args[1] if len(node.args) > 1 else None)
    for axis in range(failed.types[0].ndim):
        names = {n for t in failed.types if t.ndim == failed.types[0].ndim for n in t.names[axis : axis + 1]}
        if axis == failed.attrs.int("axis") or not _fits_along(failed, axis) or len(names) == 0:
            continue
        if given is not None:
            return line_help(failed.call, f"they fit along axis {axis}", node, {given: number_written(axis)})
        keywords = [*node.keywords, ast.keyword(arg="axis", value=number_written(axis))]
        more = ast.Call(func=node.func, args=node.args, keywords=keywords)
        return line_help(failed.call, f"they fit along axis {axis}", node, {node: more})
    return None


def _fits_along(failed: Failed, axis: int) -> bool:
    try:
        infer("concat", failed.types, Attrs({"axis": axis}))
    except ShapewrightError:
        return False
    return True


def converted(source: object, dtype: str) -> Help | None:
    """For a constructor that refuses the element type of an array: how the array is converted."""
    call = user_call((source,))
    node, expr = call.node, call.operands[0]
    plain = isinstance(node, ast.Call) and not isinstance(node.func, ast.Subscript)  # with axes: they may not fit
    if node is None or expr is None or not plain or not (is_array(source) or isinstance(source, np.ndarray)):
        return None
    cast_to = method_written("astype", ast.Constant(dtype))
    return line_help(call, f"convert `{call.names[0]}`", node, {expr: cast_to(expr)}, expr)


# ---- words
def _help(failed: Failed, what: str, changes: dict[int, Written]) -> Help | None:
    """`transpose `w`: write `x @ w.mT``; without the source, which operand is meant."""
    call = failed.call
    i = next(iter(changes))
    said = what.format(call.names[i])
    alone = None if len(changes) > 1 else Help(f"{said.replace('`', '')}: then they fit")
    if call.node is None:
        return alone
    new: dict[ast.expr, ast.expr] = {}
    for k, change in changes.items():
        expr = call.operands[k]
        if expr is None:
            return None  # a tensor that the library made of what the user wrote
        new[expr] = change(expr)
    return line_help(call, said, call.node, new, call.operands[i]) or alone


def line_help(
    call: UserCall,
    what: str,
    node: ast.expr | ast.AugAssign,
    new: dict[ast.expr, ast.expr],
    part: ast.expr | None = None,
) -> Help | None:
    """The help that says to write the user's expression with some parts of it replaced; None if none is a part of it.

    part: the one that is named alone where the whole is too long.
    """
    file = "" if call.loc is None else call.loc.file
    code = rewritten(file, node, {id(old): expr for old, expr in new.items()})
    if code == rewritten(file, node):
        return None
    (old, expr), *others = new.items()
    whole = bool(others) or not isinstance(expr, _NEVER_IN_PARENTHESES)
    edit = replaced(file, node, code) if whole else replaced(file, old, rewritten(file, expr))
    if len(code) <= LONGEST:
        return Help(f"{what}: write `{code}`", edit)
    if part is None:
        return Help(what, edit)
    return Help(f"{what}: write `{rewritten(file, new[part])}` for `{rewritten(file, part)}`", edit)
