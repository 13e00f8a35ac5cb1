"""`jit`: compile any function of tensors and packs, such as a prediction, a metric or a gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import update_wrapper, wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast, final

import numpy as np

from ..compiler.errors import CompileError, DTypeError, ShapeError
from ..compiler.ir.attrs import Attrs
from ..compiler.ir.graph import Node
from ..compiler.loc import user_loc
from ..compiler.types import DType, TensorType
from ..dsl.array import as_array, ops_of, type_of
from ..dsl.interpreters import current
from ..dsl.pack import Spec, flatten
from ..dsl.record import record
from ..dsl.scope import axis_scope
from .backends import is_pack, use_checks
from .eager import EagerOps, inside_run, running, scoped
from .linked import LinkedSession
from .options import Options, check_available
from .programs import Compiled, change, compile_program, refuse_recompile
from .values import AnyArray, array_of, tensor

P = ParamSpec("P")
R = TypeVar("R")


def jit(f: Callable[P, R], options: Options | None = None) -> Callable[P, R]:
    """`f` compiled, with the same signature. Keyword-only arguments that hold no tensors are static.

    The first argument, if it is a pack, gives its sizes as constants, like the parameters of a trainer; an axis that only
    other arguments bind may have any size without compiling again. `f` runs once per kind of argument: its Python side
    effects and the globals it reads are not repeated. Inside a recording, a gradient or a trainer it is simply called.

    Raises:
        DeviceError: a device this version does not have.
    """
    return Jitted(f, options if options is not None else Options())


@final
class Jitted(Generic[P, R]):
    """What `jit` returns. `recompiles` says why it was compiled again; `program` is the one that ran last."""

    def __init__(self, f: Callable[P, R], options: Options) -> None:
        check_available(options)
        update_wrapper(self, f)
        self._f = f
        self._name: str = getattr(f, "__name__", type(f).__name__)
        self._options = options
        self._signature = inspect.signature(f)
        self._programs: dict[Hashable, list[tuple[Compiled, Spec, list[tuple[str | None, ...]]]]] = {}
        self._calls = 0
        self._last: Any = None
        self.recompiles: list[str] = []

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if inside_run() or not isinstance(current(), EagerOps):
            return self._f(*args, **kwargs)
        positional, static = self._bind(args, kwargs)
        leaves, spec = flatten(positional)
        if any(ops_of(x) is not None for x in leaves):
            return self._f(*args, **kwargs)
        key = (self._options.seed, self._calls & 0xFFFFFFFF)
        if self._options.backend == "eager":
            nans = scoped(debug_nans=self._options.debug_nans)
            real = _first_float(leaves)
            with running(key, real), nans, use_checks(self._options), axis_scope():
                result = cast("Callable[..., R]", self._f)(*positional, **static)
        else:
            result = cast("R", self._run(leaves, spec, positional, static, key))
        self._calls += 1
        return result

    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The compiled program for arguments like these; nothing is run."""
        positional, static = self._bind(args, kwargs)
        leaves, spec = flatten(positional)
        return self._find(leaves, spec, positional, static)[0].program

    @property
    def program(self) -> Any:
        """The program that ran last. CompileError if none did."""
        if self._last is None:
            raise CompileError(
                "no program has run yet",
                loc=user_loc(),
                help="call the function first, or use lower(...)",
                code="SW504",
            )
        return self._last

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments by position, with raw values as tensors of the first argument's floating type; static ones apart."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ShapeError(
                f"`{self._name}` does not take these arguments: {error}",
                loc=user_loc(),
                help=f"its signature is {self._name}{self._signature}",
                code="SW103",
            ) from None
        bound.apply_defaults()
        static = dict(bound.kwargs)
        for name, value in static.items():
            try:
                hash(value)
            except TypeError:
                value = None  # refused below, like a tensor
                static[name] = np.empty(0)
            if (
                isinstance(static[name], np.ndarray)
                or (hasattr(value, "dtype") and hasattr(value, "shape"))
                or is_pack(value)
            ):
                raise DTypeError(
                    f"keyword argument `{name}` of `{self._name}` is no hashable constant",
                    loc=user_loc(),
                    help="keyword-only arguments are static: pass tensors and packs by position",
                    code="SW204",
                )
        raw = [_positional(x) for x in bound.args]
        leaves, spec = flatten(tuple(raw))
        real = self._options.storage or _first_float(leaves)
        if real is not None and all(ops_of(x) is None for x in leaves):
            return tuple(spec.unflatten([as_array(x, real) for x in leaves])), static
        return tuple(raw), static

    def _run(
        self,
        leaves: Sequence[AnyArray],
        spec: Spec,
        args: tuple[Any, ...],
        static: dict[str, Any],
        key: tuple[int, int],
    ) -> object:
        program, out_spec, names = self._find(leaves, spec, args, static)
        arrays = [np.asarray(array_of(x), order="C") for x in leaves]
        executor = LinkedSession(program.graph) if any(0 in a.shape for a in arrays) else program.executor
        outputs = executor.run(arrays, (), key)
        self._last = program.program
        return out_spec.unflatten([tensor(a, n) for a, n in zip(outputs, names, strict=True)])

    def _find(
        self, leaves: Sequence[AnyArray], spec: Spec, args: tuple[Any, ...], static: dict[str, Any]
    ) -> tuple[Compiled, Spec, list[tuple[str | None, ...]]]:
        """The program for these arguments, compiled if none fits; structure and axis names of its result."""
        types = [type_of(x) for x in leaves]
        key = tuple((k, type(cast("object", v)), v) for k, v in static.items())
        known = self._programs.setdefault(key, [])
        found = next((k for k in known if k[0].fits(types, spec)), None)
        if found is None:
            found = self._compile(types, spec, args, static, [k[0] for k in known])
            known.append(found)
        return found

    def _compile(
        self,
        types: list[TensorType],
        spec: Spec,
        args: tuple[Any, ...],
        static: dict[str, Any],
        known: Sequence[Compiled],
    ) -> tuple[Compiled, Spec, list[tuple[str | None, ...]]]:
        f = self._with_static(static)
        given: tuple[object, ...] = args or ((),)
        with use_checks(self._options):
            recording = record(f, *given, params=is_pack(given[0]), name=self._name)
        if known:
            reason = f"{self._name}: {change(known[-1], types, spec)}"
            refuse_recompile(self._options, reason)
            self.recompiles.append(reason)
        inputs = [*recording.params, *recording.inputs]
        as_inputs(inputs)
        done = compile_program(
            recording.graph,
            {},
            inputs,
            spec=spec,
            given=types,
            example=recording.example,
            specialised=recording.specialised,
        )
        return done, recording.out_spec, [n.type.names for n in recording.outputs]

    def _with_static(self, static: dict[str, Any]) -> Callable[..., Any]:
        """`f` with its static arguments given, of the positional signature that is recorded."""
        f = self._f
        if not static and self._signature.parameters:
            return f

        @wraps(f)
        def bound(*args: Any) -> Any:
            return cast("Callable[..., Any]", f)(*args, **static) if self._signature.parameters else cast("Any", f)()

        names = [p for p in self._signature.parameters.values() if p.name not in static]
        placeholder = [inspect.Parameter("nothing", inspect.Parameter.POSITIONAL_ONLY)]
        bound.__dict__["__signature__"] = self._signature.replace(parameters=names or placeholder)
        return bound

    def __repr__(self) -> str:
        count = sum(map(len, self._programs.values()))
        return f"jit({self._name}{self._signature}, {count} program{'' if count == 1 else 's'})"


def as_inputs(leaves: Sequence[Node]) -> None:
    """Make these leaves the inputs of their graph, in this order: a function has no arrays of its own to update."""
    for i, leaf in enumerate(leaves):
        leaf.attrs = Attrs({"kind": "input", "index": i})


def _positional(x: object) -> object:
    """Numbers and nested lists as tensors; everything else as it is."""
    if isinstance(x, int | float | np.generic) or type(x) is list:
        return as_array(cast("object", x))
    return x


def _first_float(leaves: Sequence[AnyArray]) -> DType | None:
    return next((type_of(x).dtype for x in leaves if type_of(x).dtype.is_float), None)
