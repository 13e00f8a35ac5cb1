"""Recording: run a function once on tensors without values and keep what it did as a `Graph`.

Sizes that only inputs bind stay symbolic, so one program serves every batch size. Where Python code needs such a size
as a number (or eager execution would accept sizes that only happen to be equal), recording starts again with that size
constant, and `Recording.specialised` keeps the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NoReturn, TypeAlias, TypeVar, TypeVarTuple, cast, final

import numpy as np
from numpy.typing import NDArray

from ..compiler import sizes
from ..compiler.errors import DTypeError, TraceError
from ..compiler.ir.attrs import Attrs, AttrValue
from ..compiler.ir.graph import Graph, LeafKind, Node
from ..compiler.loc import user_loc
from ..compiler.ops.table import infer
from ..compiler.sizes import Poly, Shape, Size, Symbol, evaluate, symbols
from ..compiler.types import DType, TensorType
from .annotations import AxisSpec
from .array import AnyArray, Array, is_array, make, ops_of, type_of, value_of, with_names
from .conversion import as_array
from .dispatch import KEY_TYPE
from .interpreters import Ops, float_dtype, use
from .pack import Spec, flatten
from .report import check_function, check_signature, kind_text
from .scope import axis_scope

T = TypeVar("T")
V = TypeVar("V")
Xs = TypeVarTuple("Xs")
LeafAxes: TypeAlias = "tuple[AxisSpec, ...] | None"


class _Restart(BaseException):
    """Recording has to start again with some symbols constant. Not an Exception: user code must not catch it."""

    def __init__(self, constant: Mapping[Symbol, str]) -> None:
        super().__init__()
        self.constant = dict(constant)


@final
class GraphOps:
    """The interpreter that records: its values are nodes of `graph`.

    example: the number each symbol had in the tensors that are recorded with. dtype: the program's floating type.
    """

    def __init__(self, graph: Graph, example: Mapping[Symbol, int] | None = None, dtype: DType | None = None) -> None:
        self.graph = graph
        self.dtype = dtype
        self.assuming = False  # set where who runs the program asks `windows.outside`
        self._example = dict(example or {})
        self._draws = 0
        self._key: Node | None = None
        self._constants: dict[tuple[object, ...], Node] = {}  # by type and content

    def lift(self, x: AnyArray) -> Node:
        """A concrete tensor as a constant of the program; a scalar as a literal."""
        if ops_of(x) is not None:
            raise TraceError(
                "a tensor of an earlier recording is used",
                loc=user_loc(),
                help="return it from the recorded function instead of keeping it in a variable outside",
                code="SW402",
            )
        value = cast("NDArray[np.generic]", value_of(x))
        t = type_of(x)
        if t.shape == ():
            return self.apply("const", (), Attrs({"value": cast("float", value.item()), "dtype": t.dtype.value}))
        copy = np.array(value, order="C")
        key = (t.dtype, t.shape, blake2b(copy.tobytes(), digest_size=16).digest())
        if key not in self._constants:
            self._constants[key] = self.graph.constant(copy, t, f"constant{len(self._constants)}")
        return self._constants[key]

    def apply(self, op: str, args: Sequence[Node], attrs: Mapping[str, object]) -> Node:
        """One node, at the user's line, named after the variable it is assigned to."""
        loc = user_loc()
        at = attrs if isinstance(attrs, Attrs) else Attrs(cast("Mapping[str, AttrValue]", attrs))
        with self.graph.scope(loc=loc, name=None if loc is None else loc.assigned):
            return self.graph.add(op, args, at)

    def key(self) -> Node:
        """The leaf that holds the key of the run: fresh for every run of the program."""
        if self._key is None:
            self._key = self.graph.leaf("key", "key", KEY_TYPE)
        return self._key

    def stream(self) -> int:
        """The number of the next draw, in order of recording."""
        self._draws += 1
        return self._draws - 1

    def example(self, size: Size) -> int:
        """The number a size had in the tensors that are recorded with."""
        return evaluate(size, self._example)

    def specialise(self, sizes: Sequence[Size], reason: str) -> NoReturn:
        """Start again with these sizes constant."""
        loc = user_loc()
        where = "" if loc is None else f"{loc}: "
        raise _Restart({s: where + reason for size in sizes for s in symbols(size)})


# ---- recording a function
@final
@dataclass(slots=True)
class Recording:
    """A recorded function: the graph, its leaves in order of the arguments' leaves, and what it returned.

    outputs: one node per leaf of the result, also in `graph.outputs`. result: what the function returned, with recorded
    tensors. specialised: name of each axis that became a constant, and why. example: sizes it was recorded with.
    """

    graph: Graph
    params: list[Node]
    state: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    out_spec: Spec
    result: object
    ops: GraphOps
    specialised: dict[str, str] = field(default_factory=dict[str, str])
    example: dict[Symbol, int] = field(default_factory=dict[Symbol, int])


def record(
    f: Callable[..., object],
    pack: object,
    *inputs: object,
    params: bool = True,
    state: bool = False,
    dtype: DType | None = None,
    name: str | None = None,
    assuming: bool = True,
) -> Recording:
    """Record `f(pack, *inputs)`.

    pack: its leaves become leaves of kind "param"; inputs: tensors or packs, leaves of kind "input".
    params: False: `pack` is an input like the others. state: the first of `inputs` is a pack with leaves of kind "state".
    dtype: the program's floating type, by default that of the first floating leaf; floating inputs are cast to it.
    assuming: a slice with run-time bounds may stay symbolic: who runs the program asks `windows.outside`.

    Raises:
        TraceError: `f` needs a value, or an argument is itself being recorded.
        ShapeError: wrong number of arguments, or what `f` raises.
    """
    _check_call(f, (pack, *inputs))
    arguments = _arguments(f, (pack, *inputs), params, state, dtype)
    real = dtype if dtype is not None else _first_float(arguments)
    constant: dict[Symbol, str] = {}
    while True:
        recorder = _Recorder(arguments, real, constant, name or _name_of(f))
        recorder.ops.assuming = assuming
        try:
            return recorder.run(f)
        except _Restart as restart:
            new = {s: why for s, why in restart.constant.items() if s not in constant}
            if not new:
                raise TraceError("recording does not come to an end", loc=user_loc(), code="SW400") from None
            constant |= new


def record_graph(f: Callable[[T, *Xs], object], pack: T, *inputs: *Xs) -> Graph:
    """The graph of `f(pack, *inputs)` : leaves for the pack and the inputs, outputs for the result."""
    return record(f, pack, *cast("tuple[object, ...]", inputs), assuming=False).graph


@final
@dataclass(frozen=True, slots=True)
class _Argument:
    """One argument taken apart."""

    kind: LeafKind
    leaves: tuple[AnyArray, ...]
    names: tuple[str, ...]
    axes: tuple[LeafAxes, ...]
    spec: Spec


@final
class _Recorder:
    """One attempt at recording."""

    def __init__(self, arguments: Sequence[_Argument], dtype: DType | None, constant: Mapping[Symbol, str], name: str):
        self._arguments = arguments
        self._constant = constant
        self.example: dict[Symbol, int] = {}
        self._symbols: dict[object, Symbol] = {}  # by Dim class or type variable
        self.graph = Graph(infer, name)
        self._fixed = _bound_by_parameters(arguments)
        self._shapes = [[self._shape(a, i) for i in range(len(a.leaves))] for a in arguments]
        self.ops = GraphOps(self.graph, self.example, dtype)

    def run(self, f: Callable[..., object]) -> Recording:
        nodes: dict[str, list[Node]] = {"param": [], "state": [], "input": []}
        values: list[object] = []
        for argument, shapes in zip(self._arguments, self._shapes, strict=True):
            tensors: list[AnyArray] = []
            for leaf, name, (shape, axis_names) in zip(argument.leaves, argument.names, shapes, strict=True):
                t = TensorType(type_of(leaf).dtype, shape, axis_names)
                node = self.graph.leaf(argument.kind, name, t)
                nodes[argument.kind].append(node)
                tensors.append(make(t, node, self.ops))
            values.append(argument.spec.unflatten(tensors))
        with use(self.ops), float_dtype(self.ops.dtype), axis_scope(sizes_of="copy"), _concretizing(self.ops):
            result = f(*values)
            leaves, spec = flatten(result)
            outputs = [self._output(x) for x in leaves]
        self.graph.outputs = outputs
        self.graph.example = self.example
        reasons = {s.name: why for s, why in self._constant.items()}
        return Recording(
            self.graph,
            nodes["param"],
            nodes["state"],
            nodes["input"],
            outputs,
            spec,
            result,
            self.ops,
            reasons,
            self.example,
        )

    def _output(self, x: AnyArray) -> Node:
        return cast("Node", value_of(x)) if ops_of(x) is self.ops else self.ops.lift(x)

    def _shape(self, argument: _Argument, i: int) -> tuple[Shape, tuple[str | None, ...]]:
        """The sizes of a leaf, symbolic where only inputs bind them, and the names of its axes."""
        t, axes = type_of(argument.leaves[i]), argument.axes[i]
        names = _names(t, axes)
        if axes is None or not _plain_axes(t, axes) or argument.kind != "input":
            return t.shape, names
        return tuple(self._size(a, int(s)) for a, s in zip(axes, t.shape, strict=True)), names

    def _size(self, axis: AxisSpec, size: int) -> Size:
        if axis.kind not in ("dim", "typevar") or axis.size is not None or axis.key in self._fixed or size == 0:
            return size
        symbol = self._symbol(axis)
        if symbol in self._constant or self.example.setdefault(symbol, size) != size:
            return size
        return Poly((((symbol,), 1),))

    def _symbol(self, axis: AxisSpec) -> Symbol:
        """The symbol of an axis; axes of one name are told apart by where the Dim is defined, then by a number."""
        found = self._symbols.get(axis.key)
        if found is None:
            key = f"{axis.key.__module__}.{axis.key.__qualname__}" if isinstance(axis.key, type) else "~"
            taken = [s for s in self._symbols.values() if s.name == axis.name and s.key.partition("#")[0] == key]
            found = self._symbols[axis.key] = Symbol(axis.name, f"{key}#{len(taken)}" if taken else key)
        return found


def _bound_by_parameters(arguments: Sequence[_Argument]) -> frozenset[object]:
    """The axes whose size the parameters (or the state) give."""
    return frozenset(
        axis.key
        for argument in arguments
        if argument.kind != "input"
        for axes in argument.axes
        for axis in axes or ()
        if axis.kind in ("dim", "typevar")
    )


def _plain_axes(t: TensorType, axes: tuple[AxisSpec, ...]) -> bool:
    """Whether each axis of an annotation is one axis of the tensor."""
    return len(axes) == t.ndim and not any(a.kind == "variadic" for a in axes)


def _names(t: TensorType, axes: LeafAxes) -> tuple[str | None, ...]:
    """Axis names for messages: those of the annotation, else those the tensor has."""
    if axes is None or not _plain_axes(t, axes):
        return t.names
    return tuple(a.label or n for a, n in zip(axes, t.names, strict=True))


def labelled(x: AnyArray, axes: LeafAxes) -> AnyArray:
    """The tensor with the axis names of an annotation where it has none, as a recorded one has them."""
    t = type_of(x)
    names = _names(t, axes) if not any(t.names) else t.names
    return x if names == t.names else with_names(x, names)


# ---- arguments
def _arguments(
    f: Callable[..., object], args: Sequence[object], params: bool, state: bool, dtype: DType | None
) -> list[_Argument]:
    from .typed import signature_axes

    declared = list(signature_axes(f))
    out: list[_Argument] = []
    real = dtype
    for i, value in enumerate(args):
        kind: LeafKind = "param" if i == 0 and params else "state" if i == 1 and state else "input"
        leaves, spec = flatten(_plain(value))
        about = declared[min(i, len(declared) - 1)] if declared else None
        axes: Sequence[LeafAxes] = about.leaf_axes(spec) if about is not None else [None] * len(leaves)
        prefix = (about.name if about is not None else f"input{i}") if kind == "input" else ""
        names = [".".join(filter(None, (prefix, n))) or (about.name if about is not None else "p") for n in spec.names]
        if any(ops_of(x) is not None for x in leaves):
            raise TraceError(
                "a tensor that is being recorded is an argument of a function that is recorded",
                loc=user_loc(),
                help="call the function itself inside the recorded one",
                code="SW404",
            )
        if kind == "input":
            leaves = [as_array(x, real) for x in leaves]
        elif real is None:
            real = next((type_of(x).dtype for x in leaves if type_of(x).dtype.is_float), None)
        out.append(_Argument(kind, tuple(leaves), tuple(names), tuple(axes), spec))
    return out


def _plain(value: object) -> object:
    """Numbers and lists among the inputs as tensors; packs stay."""
    return as_array(cast("object", value)) if isinstance(value, int | float | list | np.generic) else value


def _first_float(arguments: Sequence[_Argument]) -> DType | None:
    dtypes = [type_of(x).dtype for a in arguments for x in a.leaves]
    return next((d for d in dtypes if d.is_float), None)


def _check_call(f: Callable[..., object], args: Sequence[object]) -> None:
    check_signature(f, _name_of(f), tuple(args), {})


def _name_of(f: object) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


@contextmanager
def _concretizing(ops: GraphOps) -> Generator[None]:
    """While a function runs, Python code that needs a symbolic size as a number makes recording start again."""

    def concretize(size: Poly) -> int:
        ops.specialise((size,), f"{size} is needed as a number while recording")

    saved, sizes.concretize = sizes.concretize, concretize
    try:
        yield
    finally:
        sizes.concretize = saved


# ---- any interpreter
def run_with(ops: Ops[V], f: Callable[[T, *Xs], Array[*tuple[Any, ...]]], pack: T, *xs: *Xs) -> V:
    """Run a typed function under an interpreter of your own; returns its value for the result.

    `ops.lift` is called once for each tensor of `pack` and `xs` (and for constants), `ops.apply` for each operation.
    """
    check_function(f, "the second argument of run_with")
    if not (hasattr(ops, "lift") and hasattr(ops, "apply")):
        raise DTypeError(
            f"the first argument of run_with is {kind_text(ops)}, not an interpreter",
            loc=user_loc(),
            help="give it methods lift(tensor) and apply(op, args, attrs)",
            code="SW204",
        )
    lifted: list[object] = []
    real: DType | None = None
    for value in (pack, *cast("tuple[object, ...]", xs)):
        leaves, spec = flatten(_plain(value))
        leaves = [as_array(x, real) for x in leaves]
        real = real or next((type_of(x).dtype for x in leaves if type_of(x).dtype.is_float), None)
        lifted.append(spec.unflatten([make(type_of(x), ops.lift(x), ops) for x in leaves]))
    with use(ops), float_dtype(real):
        out: object = cast("Callable[..., object]", f)(*lifted)
    if not is_array(out):
        raise DTypeError(
            f"`{_name_of(f)}` returned {type(out).__name__}, not a tensor",
            loc=user_loc(),
            help="run_with takes a function that returns one tensor",
            code="SW206",
        )
    return cast("V", value_of(out)) if ops_of(out) is ops else ops.lift(out)
