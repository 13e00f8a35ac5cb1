"""Programs of the runtime: what one is compiled by, what inputs fit it, and the optimizer's update appended to a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast, final

from ..compiler.autodiff import GraphBuild
from ..compiler.errors import CompileError, IndexOutOfRange, NumericError, ShapewrightError
from ..compiler.ir.graph import Graph, Node
from ..compiler.loc import user_loc
from ..compiler.ops.table import infer
from ..compiler.sizes import Poly, Symbol
from ..compiler.types import TensorType
from ..compiler.windows import outside
from ..dsl.pack import Spec, flatten
from .cuda.inputs import host_array
from .linked import LinkedSession, bind_sizes
from .mirrors import HostExecutor, read_all
from .nans import NanSearch
from .optim import Optimizer, apply_updates
from .options import Options
from .params import Cell
from .train_state import Moments
from .values import Arr


class ExecutorLike(Protocol):
    """Runs a program: fresh output arrays from inputs, scalars and a random key; updates are written to its cells."""

    def run(self, inputs: Sequence[Any], scalars: Sequence[float], key: tuple[int, int]) -> list[Arr]:
        """inputs: arrays of the host; that of a device also gets `DeviceInput`s."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Target:
    """How a graph becomes something that runs."""

    compile: Callable[[Graph, str, Mapping[Symbol, int]], Any]
    executor: Callable[[Any, Mapping[int, Cell]], ExecutorLike]


def cpu_target(options: Options | None = None) -> Target:
    """Generated kernels on the CPU; loads the code generator."""
    from ..compiler.compile import compile_graph
    from .cpu.executor import Executor

    return Target(
        lambda graph, name, example: compile_graph(graph, name=name, example=example),
        lambda program, storage: Executor(program, host_arrays(storage)),
    )


def cuda_target(options: Options) -> Target:
    """Generated kernels on a CUDA device, whose executor keeps the mirrors of the cells."""
    from ..compiler.codegen.cuda import CUDA, SIMULATOR
    from ..compiler.compile import compile_graph
    from .cuda.executor import CudaExecutor
    from .cuda.folders import simulated

    machine = SIMULATOR if simulated() else CUDA
    return Target(
        lambda graph, name, example: compile_graph(graph, name=name, example=example, target="cuda", machine=machine),
        lambda program, storage: CudaExecutor(program, storage, options),
    )


def linked_target(options: Options | None = None) -> Target:
    """The graph itself, run node by node on the host: the oracle in the place of a compiled program."""
    return Target(lambda graph, name, example: graph, lambda graph, storage: LinkedSession(graph, host_arrays(storage)))


def target_of(options: Options) -> Target:
    """The target of the device that the options name."""
    return cuda_target(options) if options.device == "cuda" else cpu_target(options)


target: Callable[[Options], Target] = target_of  # replaced by tests


def host_arrays(storage: Mapping[int, Cell]) -> dict[int, Arr]:
    """The host's arrays of cells, which programs of the CPU write in place."""
    return {i: c.host for i, c in storage.items()}


@final
@dataclass(slots=True)
class Counter:
    """Compilations of this process."""

    count: int = 0


COMPILATIONS = Counter()


@final
@dataclass(slots=True)
class Compiled:
    """One program of one method, with what it was recorded from."""

    program: Any
    executor: ExecutorLike
    graph: Graph
    storage: dict[int, Cell]  # by leaf of the graph
    inputs: list[Node]
    spec: Spec  # structure of the inputs
    given: list[TensorType]  # types of the inputs it was recorded from
    specialised: Mapping[str, str] = field(default_factory=dict[str, str])
    repeats: int = 1  # the scalars are passed once for each element type the parameters have
    device: str = "cpu"
    labels: tuple[str, ...] = ()  # what messages call the inputs, if they are not those of a loss

    def linked(self) -> ExecutorLike:
        """The graph run node by node on the host, in the place of the program."""
        return linked(self.graph, self.storage, self.device)

    def explained(
        self, error: IndexOutOfRange, inputs: Sequence[Any], scalars: Sequence[float], key: tuple[int, int]
    ) -> ShapewrightError:
        """The error of a kernel as eager code tells it: with the operands, and how many indices are outside."""
        try:
            self._replay(inputs, scalars, key)
        except IndexOutOfRange as same:
            return same.with_traceback(None)
        return error

    def _replay(
        self,
        inputs: Sequence[Any],
        scalars: Sequence[float],
        key: tuple[int, int],
        nans: NanSearch | None = None,
    ) -> list[Arr]:
        """The outputs, node by node on the host, for the error that this raises; no cell is written."""
        read_all(self.storage.values())
        session = LinkedSession(self.graph, host_arrays(self.storage))
        return session.look([host_array(x) for x in inputs], scalars, key, nans)

    def nan_error(
        self, inputs: Sequence[Any], scalars: Sequence[float], key: tuple[int, int], nans: NanSearch
    ) -> NumericError:
        """The error for a NaN in the results: what made it, or had it, is found node by node. No cell is written."""
        try:
            nans.finish(self._replay(inputs, scalars, key, nans))
        except NumericError as error:
            return error.with_traceback(None)
        return NumericError(
            f"{self.graph.name} made a NaN that its operations, run one by one, do not make",
            loc=user_loc(),
            help="an operand is at the edge of a domain: look at exp, log and division",
            code="SW902",
        )

    def minding_mirrors(self, executor: ExecutorLike) -> ExecutorLike:
        """An executor on the host's arrays, for cells that a device may have newer."""
        return HostExecutor(executor, self.graph, self.storage)

    def fits(self, types: Sequence[TensorType], spec: Spec) -> bool:
        """Whether inputs of these types can run this program."""
        env: dict[Symbol, int] = {}
        return (
            spec == self.spec
            and len(types) == len(self.inputs)
            and all(
                t.dtype is n.type.dtype and bind_sizes(n, cast("tuple[int, ...]", t.shape), env)
                for n, t in zip(self.inputs, types, strict=True)
            )
            and outside(self.graph.nodes, env) is None
        )


def linked(graph: Graph, storage: Mapping[int, Cell], device: str) -> ExecutorLike:
    """A graph run node by node on the host, whatever the device: for empty axes."""
    session = LinkedSession(graph, host_arrays(storage))
    return session if device == "cpu" else HostExecutor(session, graph, storage)


def compile_program(
    graph: Graph,
    storage: dict[int, Cell],
    inputs: Sequence[Node] = (),
    *,
    options: Options | None = None,
    spec: Spec | None = None,
    given: Sequence[TensorType] = (),
    example: Mapping[Symbol, int] | None = None,
    specialised: Mapping[str, str] | None = None,
    repeats: int = 1,
) -> Compiled:
    """Compile a graph for the device of the options (the CPU) and bind its leaves to cells."""
    options = options if options is not None else Options()
    made = target(options)
    program = made.compile(graph, graph.name, graph.example if example is None else example)
    COMPILATIONS.count += 1
    structure = spec if spec is not None else flatten(())[1]
    empty = any(0 in n.type.shape for n in graph.nodes)  # kernels assume sizes of at least 1
    return Compiled(
        program,
        linked(graph, storage, options.device) if empty else made.executor(program, storage),
        graph,
        storage,
        list(inputs),
        structure,
        list(given),
        specialised or {},
        repeats,
        options.device,
    )


def append_update(
    graph: Graph,
    optimizer: Optimizer,
    params: Sequence[Node],
    grads: Sequence[Node],
    moments: Moments | None,
    storage: dict[int, Cell],
) -> int:
    """Append the optimizer's rule, its state leaves (bound in `storage`; not without `moments`) and its scalars.

    Returns how often the scalars are passed: once for each element type the parameters have.
    """
    slots: dict[str, list[Node]] = {}
    for slot in optimizer.slots:
        slots[slot] = [graph.leaf("state", f"{p.name}_{slot}", p.type) for p in params]
        if moments is not None:
            storage |= {n.id: c for n, c in zip(slots[slot], moments.slots[slot], strict=True)}
    dtypes = list(dict.fromkeys(p.type.dtype for p in params))
    names = list(optimizer.scalars(0.0, 1))
    scalars = {
        d: {n: graph.leaf("scalar", n if len(dtypes) == 1 else f"{n}_{d.short}", TensorType(d, ())) for n in names}
        for d in dtypes
    }

    def scope(i: int | None) -> AbstractContextManager[None]:
        if i is None:
            return graph.scope(role="update", tag="clip_norm")
        return graph.scope(role="update", loc=grads[i].loc, tag=type(optimizer).__name__.lower())

    new, after = apply_updates(GraphBuild(graph), optimizer, params, grads, slots, scalars.__getitem__, scope)
    graph.updates += list(zip(params, new, strict=True))
    for slot, nodes in after.items():
        graph.updates += list(zip(slots[slot], nodes, strict=True))
    return len(dtypes)


def compile_update(
    name: str, cells: Sequence[Cell], optimizer: Optimizer, moments: Moments, options: Options | None = None
) -> Compiled:
    """The update of these cells alone; the gradients are the inputs of the program."""
    graph = Graph(infer, name=name)
    params = [graph.leaf("param", c.name, c.type) for c in cells]
    grads = [graph.leaf("input", f"{c.name}_grad", c.type) for c in cells]
    storage = {n.id: c for n, c in zip(params, cells, strict=True)}
    repeats = append_update(graph, optimizer, params, grads, moments, storage)
    labels = tuple(f"gradient of `{c.name}`" for c in cells)
    return replace(compile_program(graph, storage, options=options, repeats=repeats), labels=labels)


def refuse_recompile(options: Options, reason: str, help: str | None = None) -> None:
    """Raise CompileError with the reason, if the options forbid compiling again."""
    if options.fail_on_recompile:
        raise CompileError(
            f"{reason}; Options(fail_on_recompile=True) forbids compiling again",
            loc=user_loc(),
            help=help,
            code="SW505",
        )


def change(before: Compiled, types: Sequence[TensorType], spec: Spec) -> str:
    """What differs between the inputs a program was recorded from and new ones, in words."""
    if spec != before.spec or len(types) != len(before.given):
        return "the structure of the inputs, or a constant in them, changed"
    parts = [
        f"input {i + 1}{f' ({n.name})' if n.name else ''} was {old}, is {new}"
        for i, (n, old, new) in enumerate(zip(before.inputs, before.given, types, strict=True))
        if old != new
    ]
    why = [f"{name} is a constant of the program: {reason}" for name, reason in before.specialised.items()]
    left = _slice_outside(before, types)
    return "; ".join([*parts, *why, *([] if left is None else [left])]) or "the inputs fit no compiled program"


def _slice_outside(before: Compiled, types: Sequence[TensorType]) -> str | None:
    """The slice with run-time bounds that leaves its axis, if it is what the new sizes do not fit."""
    env: dict[Symbol, int] = {}
    shapes = [cast("tuple[int, ...]", t.shape) for t in types]
    if not all(bind_sizes(n, s, env) for n, s in zip(before.inputs, shapes, strict=True)):
        return None
    node = outside(before.graph.nodes, env)
    if node is None:
        return None
    where = "" if node.loc is None else f"{node.loc}: "
    return f"{where}the slice of {node.inputs[0].type} is empty or leaves its axis"


def one_program(before: Compiled, types: Sequence[TensorType], spec: Spec) -> str | None:
    """How one program could serve the inputs it was recorded from and new ones, if only sizes differ."""
    if spec != before.spec or [t.dtype for t in types] != [t.dtype for t in before.given]:
        return None
    if before.specialised:
        return (
            "do without the number of the size: sw.Tensor(n) is the size as a scalar, sw.take(x, sw.arange(n)) a slice"
        )
    if any(isinstance(s, Poly) for n in before.inputs for s in n.type.shape):
        return None
    return "give the axis a Dim without a size, so that one program serves every size"
