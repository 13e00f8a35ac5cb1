"""`grad`, `value_and_grad` and `vjp` of functions on tensors and packs.

Eagerly they keep a tape of their own; called with recorded tensors they add the gradient to the same graph. Both nest,
so a gradient can be differentiated again.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, TypeVarTuple, cast, final, overload

import numpy as np

from ..compiler.autodiff import GraphBuild, graph_gradients
from ..compiler.errors import DTypeError, OptionError, ShapeError, TraceError
from ..compiler.ir.attrs import Attrs
from ..compiler.ir.graph import Graph, Node
from ..compiler.loc import user_loc
from ..compiler.types import TensorType
from ..dsl.array import is_array, make, ops_of, type_of, type_text, value_of
from ..dsl.interpreters import Ops, current
from ..dsl.pack import Spec, flatten
from ..dsl.record import GraphOps
from ..dsl.report import check_function, option_text
from .eager import EagerBuild, EagerOps, Tape, execute, scoped, tape_gradients
from .values import AnyArray, Arr, array_of, tensor

if TYPE_CHECKING:
    from ..dsl.tensor import Scalar

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")
P = ParamSpec("P")
Xs = TypeVarTuple("Xs")


class Differentiation(ABC):
    """One use of reverse mode in some interpreter: mark the variables, run, ask for gradients."""

    @abstractmethod
    def variable(self, x: AnyArray) -> AnyArray:
        """`x` as a value of its own, so that other uses of `x` are not differentiated."""

    def running(self) -> AbstractContextManager[None]:
        """What surrounds the run of the function."""
        return nullcontext()

    @abstractmethod
    def gradients(self, out: AnyArray, seed: AnyArray | None, wrt: Sequence[AnyArray]) -> list[AnyArray]:
        """Gradients of `out`, seeded with `seed` (ones by default)."""

    @abstractmethod
    def add(self, x: AnyArray, y: AnyArray) -> AnyArray: ...

    @abstractmethod
    def zeros(self, x: AnyArray) -> AnyArray: ...


@final
class EagerDifferentiation(Differentiation):
    """On a tape of its own; tapes that are open around it note every operation too, rules included."""

    def __init__(self) -> None:
        self._tape = Tape()
        self._build = EagerBuild()

    def variable(self, x: AnyArray) -> AnyArray:
        array = array_of(x)
        return make(type_of(x), execute("reshape", (array,), Attrs({"shape": array.shape})), None)

    @contextmanager
    def running(self) -> Generator[None]:
        with scoped(tape=self._tape):
            yield

    def gradients(self, out: AnyArray, seed: AnyArray | None, wrt: Sequence[AnyArray]) -> list[AnyArray]:
        y = array_of(out)
        ct: Arr = np.ones(y.shape, y.dtype) if seed is None else array_of(seed)
        found = tape_gradients(self._tape, y, ct, [array_of(w) for w in wrt])
        return [tensor(g, type_of(w).names) for g, w in zip(found, wrt, strict=True)]

    def add(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return make(type_of(x), self._build.add(array_of(x), array_of(y)), None)

    def zeros(self, x: AnyArray) -> AnyArray:
        return tensor(np.zeros(array_of(x).shape, x.dtype), type_of(x).names)


@final
class GraphDifferentiation(Differentiation):
    """In the graph that is being recorded."""

    def __init__(self, ops: Ops[Any], graph: Graph) -> None:
        self._ops, self._graph = ops, graph
        self._build = GraphBuild(graph)

    def _node(self, x: AnyArray) -> Node:
        return cast("Node", self._ops.lift(x) if ops_of(x) is None else value_of(x))

    def _wrap(self, node: Node, names: tuple[str | None, ...]) -> AnyArray:
        return make(TensorType(node.type.dtype, node.type.shape, names), node, self._ops)

    def variable(self, x: AnyArray) -> AnyArray:
        node = self._node(x)
        mark = len(self._graph.nodes)  # equal operations are merged: the mark keeps this one apart
        own = self._graph.add("reshape", (node,), {"shape": node.type.shape, "variable": mark})
        own.name = node.name
        return self._wrap(own, type_of(x).names)

    def gradients(self, out: AnyArray, seed: AnyArray | None, wrt: Sequence[AnyArray]) -> list[AnyArray]:
        ct = None if seed is None else self._node(seed)
        found = graph_gradients(self._graph, self._node(out), [self._node(w) for w in wrt], ct)
        return [self._wrap(g, type_of(w).names) for g, w in zip(found, wrt, strict=True)]

    def add(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return self._wrap(self._build.add(self._node(x), self._node(y)), type_of(x).names)

    def zeros(self, x: AnyArray) -> AnyArray:
        return self._wrap(self._build.zeros(type_of(x)), type_of(x).names)


def differentiation(leaves: Sequence[AnyArray]) -> Differentiation:
    """Reverse mode in the interpreter of these tensors, else in the current one.

    Raises:
        TraceError: an interpreter of the user's, which has no derivative rules.
    """
    ops = next((o for o in map(ops_of, leaves) if o is not None), None) or current()
    if isinstance(ops, EagerOps):
        return EagerDifferentiation()
    if isinstance(ops, GraphOps):
        return GraphDifferentiation(ops, ops.graph)
    raise TraceError(
        f"there are no gradients in the interpreter {type(ops).__name__}",
        loc=user_loc(),
        help="take gradients of eager or recorded functions",
        code="SW404",
    )


@final
class Pulled:
    """A function that has run on variables, ready to give gradients."""

    def __init__(
        self, f: Callable[..., Any], args: Sequence[object], chosen: Sequence[int], kwargs: dict[str, Any]
    ) -> None:
        everything, _ = flatten(tuple(args))
        self._mode = differentiation(everything)
        replaced = list(args)
        self._groups: list[tuple[list[AnyArray], Spec]] = []
        for i in chosen:
            leaves, spec = flatten(args[i])
            variables = [self._mode.variable(x) if type_of(x).dtype.is_float else x for x in leaves]
            self._groups.append((variables, spec))
            replaced[i] = spec.unflatten(variables)
        with self._mode.running():
            self.result: Any = f(*replaced, **kwargs)

    def scalar_gradients(self) -> list[Any]:
        """The gradient of a scalar result, one pack per chosen argument."""
        result = self.result
        if not is_array(result):
            raise DTypeError(
                f"grad needs a function that returns a scalar tensor, not {type(result).__name__}",
                loc=user_loc(),
                help="return the scalar tensor itself; for a function of other results use sw.vjp",
                code="SW206",
            )
        if type_of(result).shape != () or not type_of(result).dtype.is_float:
            raise ShapeError(
                f"grad needs a function that returns a floating scalar, not {type_text(type_of(result))}",
                loc=user_loc(),
                help="reduce it, for instance with .mean(), or use sw.vjp",
                code="SW106",
            )
        return self._packed([(result, None)])

    def pull(self, cotangent: object) -> list[Any]:
        """Gradients for a cotangent of the structure and shapes of the result, one pack per chosen argument."""
        outs, spec = flatten(self.result)
        seeds, given = flatten(cotangent)
        if given != spec or any(type_of(o) != type_of(s) for o, s in zip(outs, seeds, strict=True)):
            raise ShapeError(
                "the cotangent differs from the result in structure, shape or element type",
                loc=user_loc(),
                details=[
                    f"result: {', '.join(str(type_of(o)) for o in outs)}",
                    f"cotangent: {', '.join(str(type_of(s)) for s in seeds)}",
                ],
                help="pass a value of the type that the function returned",
                code="SW106",
            )
        return self._packed([(o, s) for o, s in zip(outs, seeds, strict=True) if type_of(o).dtype.is_float])

    def _packed(self, seeded: Sequence[tuple[AnyArray, AnyArray | None]]) -> list[Any]:
        wrt = [x for variables, _ in self._groups for x in variables if type_of(x).dtype.is_float]
        total: list[AnyArray] | None = None
        for out, seed in seeded:
            found = self._mode.gradients(out, seed, wrt)
            total = found if total is None else [self._mode.add(a, b) for a, b in zip(total, found, strict=True)]
        left = iter(total if total is not None else [self._mode.zeros(x) for x in wrt])
        return [
            spec.unflatten([next(left) if type_of(x).dtype.is_float else self._mode.zeros(x) for x in variables])
            for variables, spec in self._groups
        ]


def _called(derivative: Callable[..., Any], what: str, f: Callable[..., Any]) -> None:
    """Call a derivative `grad(f)`."""
    derivative.__name__ = derivative.__qualname__ = f"{what}({getattr(f, '__name__', type(f).__name__)})"
    derivative.__dict__["_derivative"] = True


def is_derivative(f: object) -> bool:
    """Whether a function was made here: where it is written, it returns something else."""
    return getattr(f, "_derivative", False) is True


def _annotated(derivative: Callable[..., Any], f: Callable[..., Any], argnums: int, *, pair: bool) -> None:
    """The signature of `f` for its derivative, which returns a value of the type of one argument, or a `pair` with the
    value of `f` in front."""
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # a builtin that tells none
        return
    listed, empty = list(signature.parameters.values()), signature.empty
    result: Any = listed[argnums].annotation if -len(listed) <= argnums < len(listed) else empty
    value: Any = signature.return_annotation
    if pair and empty in (result, value):
        result = empty
    elif pair:
        texts = isinstance(value, str) and isinstance(result, str)
        result = f"tuple[{value}, {result}]" if texts else GenericAlias(tuple, (value, result))
    own = {n: a for n, a in getattr(derivative, "__annotations__", {}).items() if n != "return"}
    derivative.__annotations__ = own if result is empty else {**own, "return": result}
    derivative.__dict__["__signature__"] = signature.replace(return_annotation=result)


@overload
def value_and_grad(
    f: Callable[Concatenate[T, P], Scalar], argnums: Literal[0] = 0
) -> Callable[Concatenate[T, P], tuple[Scalar, T]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[A, T, P], Scalar], argnums: Literal[1]
) -> Callable[Concatenate[A, T, P], tuple[Scalar, T]]: ...
def value_and_grad(f: Callable[..., Scalar], argnums: int = 0) -> Callable[..., Any]:
    """The function that returns `f`'s value and its gradient with respect to positional argument `argnums`.

    The gradient has the type of that argument (a tensor or a pack); integer and bool tensors in it get zeros.

    Raises:
        ShapeError, DTypeError: `f` returns something else than a floating scalar.
    """

    check_function(f, "the argument of grad")
    if not isinstance(cast("object", argnums), int) or isinstance(argnums, bool):
        raise OptionError(
            f"argnums={option_text(argnums)} is no integer",
            loc=user_loc(),
            help="one argument has a gradient: put several tensors into a tuple or a pack",
            code="SW801",
        )

    @wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if not -len(args) <= argnums < len(args):
            raise ShapeError(
                f"argnums={argnums}, but {len(args)} positional arguments were given", loc=user_loc(), code="SW103"
            )
        run = Pulled(f, args, [argnums % len(args)], kwargs)
        (gradient,) = run.scalar_gradients()
        return run.result, gradient

    _called(both, "value_and_grad", f)
    _annotated(both, f, argnums, pair=True)
    return both


@overload
def grad(f: Callable[Concatenate[T, P], Scalar], argnums: Literal[0] = 0) -> Callable[Concatenate[T, P], T]: ...
@overload
def grad(f: Callable[Concatenate[A, T, P], Scalar], argnums: Literal[1]) -> Callable[Concatenate[A, T, P], T]: ...
def grad(f: Callable[..., Scalar], argnums: int = 0) -> Callable[..., Any]:
    """The function that returns the gradient of `f` with respect to positional argument `argnums`; see `value_and_grad`."""
    both = cast("Callable[..., tuple[Any, Any]]", value_and_grad(f, cast("Literal[0]", argnums)))

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    _called(gradient, "grad", f)
    _annotated(gradient, f, argnums, pair=False)
    return gradient


def vjp(f: Callable[[*Xs], R], *xs: *Xs) -> tuple[R, Callable[[R], tuple[*Xs]]]:
    """`f(*xs)` and the function from a cotangent (of the type of the result) to one gradient per argument."""
    check_function(f, "the first argument of vjp")
    args = cast("tuple[object, ...]", xs)
    run = Pulled(f, args, range(len(args)), {})

    def pull(cotangent: R) -> tuple[*Xs]:
        return cast("tuple[*Xs]", tuple(run.pull(cotangent)))

    _called(pull, "vjp", f)
    return cast("R", run.result), pull
