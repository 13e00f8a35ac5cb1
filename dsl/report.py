"""The messages of call-time checks: what was given, what the annotation needs, and who bound each axis."""

from __future__ import annotations

import ast
import inspect
import linecache
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from ..compiler.errors import DTypeError, ShapeError, ShapewrightError
from ..compiler.loc import user_loc
from ..compiler.sizes import Shape, Size
from .annotations import AxisSpec
from .array import Array, type_of, type_text
from .pack import Pack, TList, cell_help, is_array
from .scope import Binding, Source

_INSTEAD_OF = {
    "Tensor": 'cast it: {}.astype("float32")',
    "IntTensor": 'cast it: {}.astype("int64")',
    "BoolTensor": None,
}


# ---- structure and kinds
def not_an_array(at: Source, value: object) -> DTypeError:
    """Something that is no tensor where one is wanted."""
    got = _type_name(value)
    cell = cell_help(value, at.path)
    if cell is None and isinstance(value, int | float):
        cell = None if at.name == "return" else f"make it a tensor: sw.Tensor({at.path})"
    elif cell is None and (hasattr(value, "__array__") or hasattr(value, "__dlpack__") or isinstance(value, list)):
        cell = (
            "keep to sw functions: an array of NumPy carries no gradient"
            if at.name == "return"
            else (f"make it a tensor: sw.{at.text.partition('[')[0]}({at.path})")
        )
    return DTypeError(
        f"{_subject(at)} is {got}, not a tensor",
        loc=user_loc(),
        operands=[_declared(at)],
        notes=_where(at),
        help=cell,
        code="SW202",
    )


def wrong_kind(at: Source, array: Array[*tuple[Any, ...]], cls: type[object], rank_fits: bool) -> DTypeError:
    """A tensor of another kind."""
    cast_help = _INSTEAD_OF.get(cls.__name__) if rank_fits else None  # of another rank: it is another tensor
    return DTypeError(
        f"{_subject(at)} is {_article(type(array).__name__)}, not {_article(cls.__name__)}",
        loc=user_loc(),
        operands=[f"{_declared(at)}   was given {type_text(type_of(array))} {type_of(array).dtype.value}"],
        notes=_where(at),
        help=None if cast_help is None or at.name == "return" else cast_help.format(at.path),
        code="SW203",
    )


def wrong_type(at: Source, value: object) -> DTypeError:
    """An object that is not what a pack, a constant or a union asks for."""
    return DTypeError(
        f"{_subject(at)} is {_type_name(value)}, where {at.text} is wanted",
        loc=user_loc(),
        operands=[_declared(at)],
        notes=_where(at),
        help=cell_help(value, at.path),
        code="SW204",
    )


def no_alternative(at: Source, array: Array[*tuple[Any, ...]]) -> ShapeError:
    """A tensor that fits none of the alternatives of a union."""
    return ShapeError(
        f"{_subject(at)} fits none of {at.text}",
        loc=user_loc(),
        operands=[f"{_declared(at)}   was given {type_text(type_of(array))} {type_of(array).dtype.value}"],
        notes=_where(at),
        code="SW101",
    )


def unsupported(at: Source, error: DTypeError) -> ShapewrightError:
    """An array of an element type that there is no tensor of."""
    return DTypeError(
        f"{_subject(at)}: {error.diagnostic.message}",
        loc=user_loc(),
        operands=[_declared(at)],
        help=error.diagnostic.help,
        code=error.code,
    )


def wrong_length(at: Source, got: int, want: int) -> ShapeError:
    """A tuple or TList of another length."""
    return ShapeError(
        f"{_subject(at)} has {_count(got, 'element')}, where {want} {'is' if want == 1 else 'are'} wanted",
        loc=user_loc(),
        operands=[_declared(at)],
        notes=_where(at),
        code="SW103",
    )


def wrong_call(function: str, problem: str, signature: str) -> ShapeError:
    """Arguments that do not fit the parameters: too many, too few, an unknown name."""
    return ShapeError(f"`{function}` {problem}", loc=user_loc(), operands=[f"{function}{signature}"], code="SW103")


# ---- ranks and sizes
def wrong_rank(at: Source, axes: tuple[AxisSpec, ...], shape: Shape) -> ShapeError:
    """Another number of axes."""
    least = "at least " if any(a.kind == "variadic" for a in axes) else ""
    want = len(axes) - 1 if least else len(axes)
    return ShapeError(
        f"{_subject(at)} has rank {len(shape)}, where rank {least}{want} is wanted",
        loc=user_loc(),
        operands=[_given(at, shape)],
        notes=_where(at),
        code="SW101",
    )


def wrong_size(at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec) -> ShapeError:
    """A size other than the one that the annotation fixes."""
    size = shape[index]
    fixed = f"axis {index} of {_subject(at)} is {size}, where {axis.size} is wanted"
    notes = _where(at)
    if axis.kind == "dim":
        notes = [f"{axis.name}={axis.size} is fixed by the class `{axis.name}`{_class_place(axis.key)}", *notes]
        fixed = f"axis `{axis.name}` of {_subject(at)} is {size}, where {axis.size} is wanted"
    return ShapeError(
        fixed,
        loc=user_loc(),
        operands=[_given(at, shape)],
        notes=notes,
        help=_needs(at, axes, shape, index, axis.size),
        code="SW101",
    )


def two_sizes(
    at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec, bound: Binding
) -> ShapeError:
    """One axis, two sizes."""
    if axis.kind == "variadic":
        got, want = (
            f"({', '.join(map(str, s))})" for s in (shape[index : index + 1 + len(shape) - len(axes)], bound.sizes)
        )
        where = f"the axes `{axis.name}` of {_subject(at)} are {got}, where {want} is bound"
    else:
        got, want = str(shape[index]), str(bound.sizes[0])
        where = f"axis {index} (`{axis.name}`) of {_subject(at)} is {got}, where {want} is bound"
    source = bound.source
    place = _place(source)
    note = f"{axis.name}={want} was bound by `{source.path}: {source.text}`" + (f" ({place})" if place else "")
    return ShapeError(
        f"axis `{axis.name}` has two sizes: {want} and {got}",
        loc=user_loc(),
        operands=[_given(at, shape)],
        details=[where],
        notes=[note],
        help=None if axis.kind == "variadic" else _needs(at, axes, shape, index, bound.sizes[0]),
        code="SW102",
    )


def wrong_expression(
    at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec, want: Size
) -> ShapeError:
    """A size that is not the sum or product that the annotation says."""
    return ShapeError(
        f"axis {index} of {_subject(at)} is {shape[index]}, where {axis.name} = {want} is wanted",
        loc=user_loc(),
        operands=[_given(at, shape)],
        notes=_where(at),
        help=_needs(at, axes, shape, index, want),
        code="SW101",
    )


def disagreement(function: str, message: str) -> ShapeError:
    """The reference checker refuses what the quick check accepts."""
    return ShapeError(
        f"the arguments of `{function}` do not fit its annotations", loc=user_loc(), details=[message], code="SW101"
    )


# ---- parts of messages
def _subject(at: Source) -> str:
    if at.name == "return":
        rest = at.path.partition(".")[2]
        return f"element {rest} of the result of `{at.function}`" if rest else f"the result of `{at.function}`"
    if isinstance(at.owner, type) and at.path == at.name:
        return f"field `{at.name}` of `{at.function}`"
    if "." in at.path:
        return f"`{at.path}` in a call of `{at.function}`"
    return f"argument `{at.path}` of `{at.function}`"


def _declared(at: Source) -> str:
    return f"{at.path}: {at.text}"


def _given(at: Source, shape: Shape) -> str:
    return f"{_declared(at)}   was given shape {_tuple(shape)}"


def _needs(at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, want: Size | None) -> str | None:
    if at.name == "return" or want is None:
        return None
    needed = (*shape[:index], want, *shape[index + 1 :])
    return f"`{at.path}` was given shape {_tuple(shape)}; {at.text} needs {_tuple(needed)}"


def _tuple(shape: Shape) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _where(at: Source) -> list[str]:
    place = _place(at)
    return [f"`{_declared(at)}` is declared at {place}"] if place else []


def _type_name(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, TList):
        return f"a TList of {_count(len(cast('tuple[object, ...]', value)), 'element')}"
    if isinstance(value, tuple):
        return f"a tuple of {_count(len(cast('tuple[object, ...]', value)), 'element')}"
    if is_array(value):
        return f"a {type_text(type_of(value))}"
    if isinstance(value, Pack):
        return f"a pack {type(value).__name__}"
    module = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    return _article(name if module in ("builtins", "shapewright") else f"{module}.{name}")


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


# ---- where an annotation stands
def _place(at: Source) -> str | None:
    """File and line of the annotation."""
    if isinstance(at.owner, type):
        from .hints import field_owner

        return _line_of_field(field_owner(at.owner, at.name), at.name)
    function = inspect.unwrap(cast("Any", at.owner))
    code = getattr(function, "__code__", None)
    return None if code is None else _line_of_parameter(code.co_filename, code.co_firstlineno, code.co_name, at.name)


def _class_place(cls: object) -> str:
    if not isinstance(cls, type):
        return ""
    place = _line_of_field(cls, "size")
    return f" ({place})" if place else ""


def _line_of_field(cls: type[object], name: str) -> str | None:
    try:
        file = inspect.getsourcefile(cls) or ""
        first = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None
    for node in _nodes(file):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__ and _first_line(node) == first:
            for entry in node.body:
                targets = [entry.target] if isinstance(entry, ast.AnnAssign) else getattr(entry, "targets", [])
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return f"{Path(file).name}:{entry.lineno}"
    return f"{Path(file).name}:{first}"


@lru_cache(maxsize=256)
def _line_of_parameter(file: str, first: int, function: str, name: str) -> str | None:
    for node in _nodes(file):
        if isinstance(node, ast.FunctionDef) and node.name == function and _first_line(node) == first:
            if name == "return" and node.returns is not None:
                return f"{Path(file).name}:{node.returns.lineno}"
            a = node.args
            for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))):
                if arg.arg == name:
                    return f"{Path(file).name}:{arg.lineno}"
    return f"{Path(file).name}:{first}" if linecache.getline(file, first) else None


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


@lru_cache(maxsize=16)
def _nodes(file: str) -> tuple[ast.AST, ...]:
    try:
        return tuple(ast.walk(ast.parse("".join(linecache.getlines(file)))))
    except (SyntaxError, ValueError):
        return ()
