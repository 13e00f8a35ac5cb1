"""Compiling the typed functions of a file without running them: recorded on arrays that have shapes and no memory."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, cast, final

import numpy as np

from ...compiler.autodiff import graph_gradients
from ...compiler.errors import ShapewrightError
from ...compiler.ir.graph import Node
from ...compiler.listing import listed_rows
from ...compiler.program import DotCall, Program, UserLine
from ...compiler.types import DType, TensorType
from ...dsl.array import is_array, make, ops_of, type_of, value_of
from ...dsl.example import Example, examples_of
from ...dsl.hints import ArrayHint, Hint, PackHint, TupleHint
from ...dsl.pack import Pack, flatten
from ...dsl.record import Recording, record
from ...dsl.tensor import Tensor
from ...dsl.typed import Parameter, Plan
from ..check.arguments import Builder, Numbers, Symbols, Unbound, arguments, axis_sizes
from ..check.functions import Target, dim_sizes, divisible, example_numbers, targets
from ..check.importing import import_file
from ..check.state import ShapeOps, text_of
from ..check.worker import import_error, sources, stage, write
from ..jit import as_inputs
from ..lower import compile
from ..optim import SGD, Adam, AdamW, Optimizer
from ..programs import append_update
from .kernels import Compiled, KernelText, Line, ProgramText, Row

_MANY = inspect.Parameter.VAR_POSITIONAL
_OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def main(file: str, answer: str, optimizer: str) -> None:
    """Compile the typed functions of `file` and write them to the file `answer`: a line for every stage, the result last."""
    with open(answer, "w", encoding="utf-8") as out:
        stage(out, 1, "the import of the file")
        used: dict[str, str] = {}
        try:
            module = import_file(file)
        except BaseException as error:
            compiled = Compiled((), {"": import_error(error, file).message})
            used = sources(error)
        else:
            programs: list[ProgramText] = []
            missing: dict[str, str] = {}
            for target in targets(module, file):
                stage(out, target.place.line, f"compiling `{target.name}`")
                try:
                    programs.append(_compiled(target, _OPTIMIZERS[optimizer]()))
                except (ShapewrightError, Unbound) as error:
                    missing[target.name] = str(error)
                except BaseException as error:  # `sys.exit` too
                    missing[target.name] = text_of(error)
            compiled = Compiled(tuple(programs), missing)
        write(out, result=asdict(compiled), sources=used | sources())


def _compiled(target: Target, optimizer: Optimizer) -> ProgramText:
    """The program of a function for its first example: the step of a loss, or the function itself."""
    example = next(iter(examples_of(target.f)), Example((), {}))
    axes = Symbols(axis_sizes(target.plan.parameters, example), divisible(dim_sizes()))
    build = Builder(ShapeOps(axes.example), axes)
    args, kwargs = arguments(target.plan, example, build, target.owner)
    call, recording, numbers = _recorded(target, args, kwargs, axes)
    kind = _finished(recording, optimizer, loss=call.loss, pack=_is_pack(call.inputs[0]), state=call.state)
    program = compile(recording.graph, example=recording.example)
    sizes = {s.name: n for s, n in recording.example.items() if s.name not in recording.specialised}
    fixed = {s.name: numbers(int(s.key)) for s in axes.symbols.values() if s.name not in sizes}
    return _text(program, target.name, kind, sizes, fixed)


def _recorded(
    target: Target, args: Sequence[object], kwargs: Mapping[str, object], axes: Symbols
) -> tuple[_Call, Recording, Numbers]:
    """A recording of a call, and the sizes that stand for those that are not known."""

    def attempt(numbers: Numbers) -> tuple[_Call, Recording, Numbers]:
        axes.numbers = numbers
        call = _Call(target, args, kwargs, axes)
        params = call.loss or _is_pack(call.inputs[0])
        name = target.plan.f.__name__
        return call, record(call.bound, *call.inputs, params=params, state=call.state, name=name), numbers

    try:
        made = attempt(example_numbers(axes.fixed))
    except ShapewrightError as error:
        try:
            made = attempt(divisible(dim_sizes()))  # it may ask for a multiple of something
        except ShapewrightError:
            raise error from None
    if made[1].specialised:  # loops over an axis are written out: a short one can be read
        with suppress(ShapewrightError):
            made = attempt(example_numbers(axes.fixed, few=True))
    return made


@final
class _Call:
    """A call of a function: tensors and packs of them are inputs, everything else is a constant of the function.

    inputs: arrays of the right shape, all of whose elements are one and the same (`()`, if it takes none). bound: the
    function of them. loss: it returns a scalar, of the first of them. state: and the new value of the second.
    """

    def __init__(self, target: Target, args: Sequence[object], kwargs: Mapping[str, object], axes: Symbols) -> None:
        pairs: list[tuple[int | str, object]] = [*enumerate(args), *kwargs.items()]
        given = dict(pairs)
        names = _names(target.plan, len(args))
        self._f = target.f
        self._constants = given
        self._places = [place for place, x in given.items() if _has_tensors(x)]
        self.inputs: list[Any] = [_hollow(given[place], axes) for place in self._places] or [()]
        result = target.plan.result[0]
        self.loss = _returns_scalar(result) and bool(self._places)
        self.state = self.loss and _has_state(result, self.inputs)
        taken = [target.plan.parameters[names[at] if isinstance(at, int) else at] for at in self._places]
        self.bound = self._bound(
            target.plan, {f"{p.name}_{i}" if p.kind is _MANY else p.name: p for i, p in enumerate(taken)}
        )

    def _bound(self, plan: Plan, parameters: dict[str, Parameter]) -> Callable[..., object]:
        @functools.wraps(plan.f)
        def bound(*tensors: object) -> object:
            given = {
                **self._constants,
                **dict(zip(self._places, tensors, strict=False)),
            }  # `()`, if it takes no tensors
            args = [given[i] for i in range(sum(isinstance(place, int) for place in given))]
            return self._f(*args, **{place: x for place, x in given.items() if isinstance(place, str)})

        kinds = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in parameters or ("nothing",)]
        bound.__dict__["__signature__"] = inspect.Signature(kinds)
        about = bound.__dict__["_plan"] = Plan(bound, {}, lenient=True)
        about.__dict__["parameters"] = parameters  # their annotations say which sizes are known at run time only
        return bound


def _names(plan: Plan, count: int) -> list[str]:
    """The parameters of positional arguments; those of `*args` have one name."""
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    names = [p.name for p in plan.parameters.values() if p.kind not in kinds]
    return names + names[-1:] * (count - len(names))


def _has_tensors(value: object) -> bool:
    if is_array(value) or isinstance(value, Pack):
        return True
    return isinstance(value, tuple) and any(map(_has_tensors, cast("tuple[object, ...]", value)))


def _hollow(value: object, axes: Symbols) -> object:
    """The same value with arrays of the example's sizes, which take no memory."""
    leaves, spec = flatten(value)
    types = [TensorType(t.dtype, tuple(map(axes.example, t.shape)), t.names) for t in map(type_of, leaves)]
    return spec.unflatten(
        [make(t, np.broadcast_to(np.zeros((), t.dtype.numpy), cast("Any", t.shape)), None) for t in types]
    )


def _is_pack(value: object) -> bool:
    return isinstance(value, Pack) or (isinstance(value, tuple) and value != ())


# ---- losses
def _returns_scalar(hint: Hint) -> bool:
    """Whether a function returns a scalar, or a scalar and a pack: the types of losses."""
    match hint:
        case ArrayHint(axes=()):
            return issubclass(hint.cls, Tensor)
        case TupleHint(items=(ArrayHint() as first, PackHint())):
            return _returns_scalar(first)
        case _:
            return False


def _has_state(hint: Hint, inputs: Sequence[object]) -> bool:
    """Whether a loss also returns the new value of its second pack."""
    return isinstance(hint, TupleHint) and len(inputs) > 1 and isinstance(inputs[1], Pack)


def _finished(recording: Recording, optimizer: Optimizer, *, loss: bool, pack: bool, state: bool) -> str:
    """Append gradients and update to a recorded loss, as a trainer does. What the program is, in words."""
    graph, ops = recording.graph, recording.ops
    results: list[Node] = recording.outputs
    wrt = [n for n in recording.params if n.type.dtype.is_float]
    if not loss or not wrt or results[0].type != TensorType(results[0].type.dtype, ()) or not _is_float(results[0]):
        as_inputs([*recording.params, *recording.state, *recording.inputs])
        return "forward"
    gradients = graph_gradients(graph, results[0], wrt)
    if not pack:
        graph.name = f"{graph.name}_value_and_grad"
        graph.outputs = [results[0], *gradients]
        as_inputs([*recording.params, *recording.inputs])
        return "forward and backward"
    graph.name = f"{graph.name}_step"
    graph.outputs = [results[0]]
    append_update(graph, optimizer, wrt, gradients, None, {})
    if state:
        new = cast("tuple[object, object]", recording.result)[1]
        nodes = [cast("Node", value_of(x)) if ops_of(x) is ops else ops.lift(x) for x in flatten(new)[0]]
        graph.updates += [(old, n) for old, n in zip(recording.state, nodes, strict=True) if n is not old]
    return f"forward, backward and update ({type(optimizer).__name__})"


def _is_float(node: Node) -> bool:
    return node.type.dtype in (DType.float32, DType.float64)


# ---- as text
def _text(
    program: Program, function: str, kind: str, sizes: Mapping[str, int], fixed: Mapping[str, int]
) -> ProgramText:
    kernels = tuple(
        KernelText(k.name, k.source, k.why, k.calls, k.flops, k.bytes, _lines(k.user_lines)) for k in program.kernels
    )
    rows = tuple(Row(text, isinstance(r.call, DotCall), _lines(r.lines)) for r, text in listed_rows(program))
    return ProgramText(program.name, function, kind, dict(sizes), dict(fixed), program.products, kernels, rows)


def _lines(lines: Sequence[UserLine]) -> tuple[Line, ...]:
    return tuple(Line(u.file, u.line, u.role) for u in lines)
