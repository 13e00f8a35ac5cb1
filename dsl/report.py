"""The messages of call-time checks: what was given, what the annotation needs, and who bound each axis."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

from ..compiler.errors import DTypeError, ShapeError, ShapewrightError
from ..compiler.loc import user_loc
from ..compiler.sizes import Shape, Size
from ..compiler.types import TensorType
from .annotations import AxisSpec
from .array import Array, is_array, type_of, type_text
from .interpreters import SymbolicOps, current
from .pack import Pack, TList, cell_help, meant
from .places import argument_loc, bound_note, fixed_note, place_of, written_call
from .rewrite import LONGEST, rewritten
from .scope import Binding, Source


# ---- structure and kinds
def not_an_array(at: Source, value: object) -> DTypeError:
    """Something that is no tensor where one is wanted."""
    lost = at.name == "return" and (hasattr(value, "__array__") or hasattr(value, "__dlpack__"))
    return DTypeError(
        f"{_subject(at)} is {kind_text(value)}, not a tensor",
        loc=argument_loc(at),
        operands=[_declared(at)],
        details=["an array of another library carries no gradient: keep to sw functions"] if lost else [],
        notes=_where(at),
        code="SW202",
    )


def wrong_kind(at: Source, array: Array[*tuple[Any, ...]], cls: type[object], rank_fits: bool) -> DTypeError:
    """A tensor of another kind."""
    return DTypeError(
        f"{_subject(at)} is {_article(type(array).__name__)}, not {_article(cls.__name__)}",
        loc=argument_loc(at),
        operands=[f"{_declared(at)}   was given {_type_text(type_of(array))} {type_of(array).dtype.value}"],
        notes=_where(at),
        code="SW203",
    )


def wrong_type(at: Source, value: object) -> DTypeError:
    """An object that is not what a pack, a constant or a union asks for."""
    return DTypeError(
        f"{_subject(at)} is {kind_text(value)}, where {at.text} is wanted",
        loc=argument_loc(at),
        operands=[_declared(at)],
        notes=_where(at),
        help=cell_help(value, at.path) or _as_tuple(at, value) or _defined_again(at, value),
        code="SW204",
    )


def _as_tuple(at: Source, value: object) -> str | None:
    """A list where a tuple is wanted."""
    kind = at.text.partition("[")[0]
    written = {"tuple": "`tuple(...)`", "TList": "`sw.TList(*...)`"}.get(kind)
    if type(value) is not list or written is None:
        return None
    return f"a list can change, and a pack cannot: write {written} around it"


def _defined_again(at: Source, value: object) -> str | None:
    """Two classes of one name: the cell of a notebook ran again, say."""
    name = type(value).__name__
    if name != at.text.partition("[")[0]:
        return None
    return f"this `{name}` is another class of that name: define `{at.function}` again after it"


def check_function(f: object, what: str) -> None:
    """DTypeError if `f` cannot be called; `what` says whose argument it is."""
    if not callable(f):
        raise DTypeError(
            f"{what} is {kind_text(f)}, not a function", loc=user_loc(), help="pass the function itself", code="SW204"
        )


def no_alternative(at: Source, array: Array[*tuple[Any, ...]]) -> ShapeError:
    """A tensor that fits none of the alternatives of a union."""
    return ShapeError(
        f"{_subject(at)} fits none of {at.text}",
        loc=argument_loc(at),
        operands=[f"{_declared(at)}   was given {_type_text(type_of(array))} {type_of(array).dtype.value}"],
        notes=_where(at),
        code="SW101",
    )


def unsupported(at: Source, error: DTypeError) -> ShapewrightError:
    """An array of an element type that there is no tensor of."""
    return DTypeError(
        f"{_subject(at)}: {error.diagnostic.message}",
        loc=argument_loc(at),
        operands=[_declared(at)],
        details=error.diagnostic.details,
        help=error.diagnostic.help,
        code=error.code,
    )


def wrong_length(at: Source, got: int, want: int) -> ShapeError:
    """A tuple or TList of another length."""
    return ShapeError(
        f"{_subject(at)} has {count(got, 'element')}, where {want} {'is' if want == 1 else 'are'} wanted",
        loc=argument_loc(at),
        operands=[_declared(at)],
        notes=_where(at),
        code="SW103",
    )


def check_signature(f: object, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
    """ShapeError if a function cannot be called like this; one that tells no signature is left alone."""
    try:
        signature = inspect.signature(cast("Any", f))
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        text = name + parameters_text(signature, {})
        raise wrong_call(name, str(error), signature, args, text) from None


def parameters_text(signature: inspect.Signature, texts: Mapping[str, str]) -> str:
    """`(p: Model, x, *, train: bool)`: the parameters of a function as it is declared; `texts`: what is said of some."""
    parts: list[str] = []
    named = False  # whether what follows is keyword-only
    for p in signature.parameters.values():
        if p.kind is p.KEYWORD_ONLY and not named:
            parts.append("*")
        named = named or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        stars = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        parts.append(stars + texts.get(p.name, p.name))
    return f"({', '.join(parts)})"


def wrong_call(
    name: str, problem: str, signature: inspect.Signature, args: tuple[object, ...], text: str
) -> ShapeError:
    """Arguments that do not fit the parameters; `problem` is what `Signature.bind` says."""
    given, help_ = len(args), None
    most = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in signature.parameters.values())
    if problem.startswith("too many positional"):
        help_ = _by_name(signature, args[most:])
        message = f"takes {count(most, 'positional argument')}, {given} {'was' if given == 1 else 'were'} given"
    elif problem.startswith("missing a required"):
        message = f"is called without {problem.rpartition(' ')[2].replace(chr(39), '`')}"
        help_ = _unpacked(args, most)
    else:
        message = problem.replace("got an unexpected keyword argument", "has no parameter").replace(chr(39), "`")
    return ShapeError(f"`{name}` {message}", loc=user_loc(), operands=[text], help=help_, code="SW103")


def _by_name(signature: inspect.Signature, extra: tuple[object, ...]) -> str | None:
    """How constants are passed that were given by position."""
    names = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    if len(extra) > len(names) or not all(map(_like_constant, extra)):
        return None
    shown = ", ".join(f"`{n}=...`" for n in names)
    return f"what stands behind the `*` is passed by name: {shown}"


def _like_constant(x: object) -> bool:
    return x is None or isinstance(x, bool | int | float | str) or (is_array(x) and type_of(x).shape == ())


def _unpacked(args: tuple[object, ...], most: int) -> str | None:
    """How the elements of a tuple are passed one by one, where that makes the right number of arguments."""
    last = args[-1] if args else None
    if type(last) is not tuple or len(args) - 1 + len(cast("tuple[object, ...]", last)) != most:
        return None
    return "the last argument is a tuple: write a `*` in front of it to pass its elements one by one"


def wrong_pack(name: str, problem: str, fields: tuple[str, ...], given: int) -> ShapeError:
    """Arguments that do not fit the fields of a Pack class; `problem` is what its constructor says."""
    quoted = [q for q in problem.split("'")[1::2] if q.isidentifier()]
    if "unexpected keyword" in problem:
        message = f"has no field `{quoted[0]}`"
    elif "missing" in problem:
        message = f"is made without {' and '.join(f'`{q}`' for q in quoted)}"
    else:
        message = f"has {count(len(fields), 'field')}, {given} {'was' if given == 1 else 'were'} given"
    help_ = meant(quoted[0], fields) if "unexpected keyword" in problem else f"its fields are {', '.join(fields)}"
    return ShapeError(f"`{name}` {message}", loc=user_loc(), help=help_, code="SW103")


# ---- ranks and sizes
def wrong_rank(at: Source, axes: tuple[AxisSpec, ...], shape: Shape) -> ShapeError:
    """Another number of axes."""
    least = "at least " if any(a.kind == "variadic" for a in axes) else ""
    want = len(axes) - 1 if least else len(axes)
    return ShapeError(
        f"{_subject(at)} has rank {len(shape)}, where rank {least}{want} is wanted",
        loc=argument_loc(at),
        operands=[_given(at, shape)],
        notes=_where(at),
        code="SW101",
    )


def wrong_size(at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec) -> ShapeError:
    """A size other than the one that the annotation fixes."""
    size = _number(shape[index])
    fixed = f"axis {index} of {_subject(at)} is {size}, where {axis.size} is wanted"
    notes = _where(at)
    if axis.kind == "dim":
        notes = [fixed_note(axis.key, axis.size), *notes]
        fixed = f"axis `{axis.name}` of {_subject(at)} is {size}, where {axis.size} is wanted"
    return ShapeError(
        fixed,
        loc=argument_loc(at),
        operands=[_given(at, shape)],
        notes=notes,
        needs=_needs(at, axes, shape, index, axis.size),
        code="SW101",
    )


def two_sizes(
    at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec, bound: Binding
) -> ShapeError:
    """One axis, two sizes."""
    if axis.kind == "variadic":
        got, want = (
            f"({', '.join(map(_number, s))})" for s in (shape[index : index + 1 + len(shape) - len(axes)], bound.sizes)
        )
        where = f"the axes `{axis.name}` of {_subject(at)} are {got}, where {want} is bound"
    else:
        got, want = _number(shape[index]), _number(bound.sizes[0])
        where = f"axis {index} (`{axis.name}`) of {_subject(at)} is {got}, where {want} is bound"
    return ShapeError(
        f"axis `{axis.name}` has two sizes: {want} and {got}",
        loc=argument_loc(at),
        operands=[_given(at, shape)],
        details=[where],
        notes=[bound_note(axis.name, want, bound.source) + _given_as(axis, bound.source), *_where(at)],
        needs=None if axis.kind == "variadic" else _needs(at, axes, shape, index, bound.sizes[0]),
        code="SW102",
    )


def wrong_axis(at: Source, axes: tuple[AxisSpec, ...], have: TensorType, index: int) -> ShapeError:
    """An axis that was made with another `Dim`."""
    name, want = have.names[index], axes[index].name
    other = "another class of that name" if name == want else f"`{want}`"
    return ShapeError(
        f"axis {index} of {_subject(at)} is `{name}`, where {other} is wanted",
        loc=argument_loc(at),
        operands=[f"{_declared(at)}   was given {_type_text(have)}"],
        notes=_where(at),
        code="SW104",
    )


def wrong_expression(
    at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, axis: AxisSpec, want: Size
) -> ShapeError:
    """A size that is not the sum or product that the annotation says."""
    return ShapeError(
        f"axis {index} of {_subject(at)} is {_number(shape[index])}, where {axis.name} = {_number(want)} is wanted",
        loc=argument_loc(at),
        operands=[_given(at, shape)],
        notes=_where(at),
        needs=_needs(at, axes, shape, index, want),
        code="SW101",
    )


def disagreement(function: str, message: str) -> ShapeError:
    """The reference checker refuses what the quick check accepts."""
    return ShapeError(
        f"the arguments of `{function}` do not fit its annotations", loc=user_loc(), details=[message], code="SW101"
    )


# ---- parts of messages
def _given_as(axis: AxisSpec, source: Source) -> str:
    """What the user's call has for the pack that bound a type variable: it tells which of many layers."""
    written = written_call(source) if axis.kind != "dim" and "." in source.path else None
    root = source.path.partition(".")[0]
    text = "" if written is None else rewritten(written.file, written.argument)
    return f", with `{text}` for `{root}`" if text not in ("", root) and len(text) <= LONGEST else ""


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
    return f"{_declared(at)}   was given shape {shape_text(shape)}"


def _needs(
    at: Source, axes: tuple[AxisSpec, ...], shape: Shape, index: int, want: Size | None
) -> tuple[str, Shape] | None:
    """The path of the tensor and the shape it needs as far as this axis tells: the sizes of classes, and `want`."""
    if at.name == "return" or want is None:
        return None
    fixed = [a.size for a in axes] if len(axes) == len(shape) else [None] * len(shape)
    known = [s if f is None else f for s, f in zip(shape, fixed, strict=True)]
    return at.path, (*known[:index], want, *known[index + 1 :])


def shape_text(shape: Shape) -> str:
    """`(32, 64)`."""
    sizes = [_number(s) for s in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _number(size: Size) -> str:
    """A size as eager execution has it, also while a function is recorded with symbols."""
    ops = current()
    return str(ops.example(size) if isinstance(ops, SymbolicOps) else size)


def _type_text(t: TensorType) -> str:
    ops = current()
    return type_text(t, ops.example if isinstance(ops, SymbolicOps) else None)


def _where(at: Source) -> list[str]:
    place = place_of(at)
    return [f"`{_declared(at)}` is declared at {place}"] if place else []


def option_text(value: object) -> str:
    """An option as a user wrote it: numbers, texts and None as they are, anything else by its kind."""
    plain = isinstance(value, bool | int | float | str) or value is None
    return repr(value) if plain else f"<{kind_text(value)}>"


def kind_text(value: object) -> str:
    """What kind of thing a value is, with its article; never the value."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None:
        return "None"
    if isinstance(value, TList):
        return f"a TList of {count(len(cast('tuple[object, ...]', value)), 'element')}"
    if isinstance(value, tuple):
        return f"a tuple of {count(len(cast('tuple[object, ...]', value)), 'element')}"
    if is_array(value):
        return _article(_type_text(type_of(value)))
    if isinstance(value, Pack):
        return f"a pack {type(value).__name__}"
    module = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    return _article(name if module in ("builtins", "shapewright") else f"{module}.{name}")


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def count(n: int, noun: str) -> str:
    """`1 field`, `2 fields`."""
    return f"{n} {noun}" + ("" if n == 1 else "s")
