"""`jit`: compile any function of tensors and packs, such as a prediction, a metric or a gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper, wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, final

import numpy as np

from ..compiler.errors import CompileError, IndexOutOfRange, TraceError
from ..compiler.ir.attrs import Attrs
from ..compiler.ir.graph import Node
from ..compiler.loc import user_loc
from ..compiler.types import DType, TensorType
from ..dsl.array import Array, ops_of, type_of
from ..dsl.conversion import as_array
from ..dsl.interpreters import current
from ..dsl.pack import Spec, flatten
from ..dsl.record import record
from ..dsl.report import check_function, parameters_text, wrong_call
from ..dsl.scope import axis_scope
from ..dsl.typed import check_call, signature_text
from .backends import input_names, is_pack
from .constants import check_constant, constants_told, with_constants
from .cuda.inputs import DeviceInput, given_array, host_array, received
from .eager import EagerOps, inside_run, running, scoped
from .nans import NanSearch, has_nan, input_labels
from .options import Options, check_available
from .programs import Compiled, change, compile_program, one_program, refuse_recompile
from .values import AnyArray, Arr, array_of, tensor

if TYPE_CHECKING:
    from ..compiler.program import Program

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


def jit(f: Callable[P, R], options: Options | None = None) -> Jitted[P, R]:
    """`f` compiled, with the same signature. Keyword-only arguments that hold no tensors are static.

    The first argument, if it is a pack, gives its sizes as constants, like the parameters of a trainer; an axis that only
    other arguments bind may have any size without compiling again. `f` runs once per kind of argument: its Python side
    effects and the globals it reads are not repeated. Inside a recording, a gradient or a trainer it is simply called.
    Of a method the bound one is compiled: `sw.jit(model.predict)`.

    Raises:
        DeviceError: a device that is not there.
    """
    return Jitted(f, options if options is not None else Options())


@final
@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call: tensors in order, their structure, and the static ones by name."""

    leaves: list[AnyArray]
    spec: Spec
    static: dict[str, Any]
    key: tuple[object, ...]  # the static ones again, hashable

    def positional(self) -> tuple[Any, ...]:
        return tuple(self.spec.unflatten(self.leaves))


@final
@dataclass(frozen=True, slots=True)
class Ready:
    """A compiled program, and how its outputs become a result."""

    compiled: Compiled
    spec: Spec
    names: list[tuple[str | None, ...]]


@final
class Jitted(Generic[P, R]):
    """What `jit` returns: called like the function that it compiled."""

    def __init__(self, f: Callable[P, R], options: Options) -> None:
        check_available(options)
        check_function(f, "the argument of jit")
        update_wrapper(self, f)
        self._f = f
        self._name: str = getattr(f, "__name__", type(f).__name__)
        self._options = options
        self._signature = inspect.signature(f)
        self._simple = _simple_arity(self._signature)
        self._names = input_names(f, 0)
        self._ready: dict[tuple[object, ...], list[Ready]] = {}
        self._exact: dict[tuple[object, ...], Ready] = {}
        self._calls = 0
        self._last: Program | None = None
        self._recompiles: list[str] = []

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if inside_run() or not isinstance(current(), EagerOps):
            return self._f(*args, **kwargs)
        call = self._bind(args, kwargs)
        if call is None:
            return self._f(*args, **kwargs)
        key = (self._options.seed, self._calls & 0xFFFFFFFF)
        run = self._run_eagerly if self._options.backend == "eager" else self._run
        result = cast("R", run(call, key))
        self._calls += 1
        return result

    def _run_eagerly(self, call: Call, key: tuple[int, int]) -> object:
        f, real = cast("Callable[..., object]", self._f), _first_float(call.leaves)
        nans = self._search(call) if self._options.debug_nans else None
        if self._options.device != "cpu":
            from .cuda.eager import call_eagerly

            result = call_eagerly(
                f, call.positional(), call.static, key=key, real=real, options=self._options, nans=nans
            )
        else:
            with running(key, real), scoped(nans=nans), axis_scope(self._options.checks), constants_told():
                result = f(*call.positional(), **call.static)
        if nans is not None:
            nans.finish([array_of(x) for x in flatten(result)[0]])
        return result

    def _search(self, call: Call) -> NanSearch:
        """What looks for NaNs in a call."""
        arrays = [host_array(given_array(x, "this argument")) for x in call.leaves]
        return NanSearch(zip(input_labels(self._names, call.spec), arrays, strict=True))

    def lower(self, *args: P.args, **kwargs: P.kwargs) -> Program:
        """The compiled program for arguments like these; nothing is run."""
        call = self._bind(args, kwargs)
        if call is None:
            raise TraceError("an argument is being recorded", loc=user_loc(), help="lower outside of it", code="SW401")
        return cast("Program", self._find(call).compiled.program)

    @property
    def program(self) -> Program:
        """The program that ran last. CompileError if none did."""
        if self._last is None:
            raise CompileError(
                "no program has run yet",
                loc=user_loc(),
                help="call the function first, or use lower(...)",
                code="SW504",
            )
        return self._last

    @property
    def recompiles(self) -> list[str]:
        """Why it was compiled again, oldest first; empty for the eager backend."""
        return list(self._recompiles)

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        """The arguments, with floats of another width cast to the first tensor's; None if one is being recorded."""
        static: dict[str, Any] = {}
        if kwargs or len(args) != self._simple:
            args, static = self._bind_all(args, kwargs)
        leaves, spec = flatten(tuple([self._positional(i, x) for i, x in enumerate(args)]))
        if any(ops_of(x) is not None for x in leaves):
            return None
        real = self._options.storage or _first_float(leaves)
        leaves = leaves if real is None else [as_array(x, real) for x in leaves]
        return Call(leaves, spec, static, tuple((k, type(cast("object", v)), v) for k, v in static.items()))

    def _bind_all(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments by position, and those that are static, defaults filled in."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            text = self._name + parameters_text(self._signature, {})
            raise wrong_call(self._name, str(error), self._signature, args, text) from None
        bound.apply_defaults()
        for name, value in bound.kwargs.items():
            check_constant(self._name, name, value)
        return bound.args, dict(bound.kwargs)

    def _positional(self, i: int, x: object) -> object:
        """Numbers and nested lists as tensors, arrays of a device as tensors on them; everything else as it is."""
        if isinstance(x, Array) or type(x) is np.ndarray:
            return cast("object", x)
        if isinstance(x, int | float | np.generic) or type(x) is list:
            return as_array(cast("object", x))
        name = f"argument `{self._names[i]}`" if i < len(self._names) else f"argument {i + 1}"
        return received(x, name, self._options.device, "this function", self._options.storage)

    def _run(self, call: Call, key: tuple[int, int]) -> object:
        ready = self._find(call)
        compiled = ready.compiled
        arrays = [_contiguous(given_array(x, "this argument")) for x in call.leaves]
        executor = compiled.linked() if any(0 in a.shape for a in arrays) else compiled.executor
        self._last = compiled.program
        try:
            outputs = executor.run(arrays, (), key)
        except IndexOutOfRange as error:
            raise compiled.explained(error, arrays, (), key) from None
        if self._options.debug_nans and any(map(has_nan, outputs)):
            raise compiled.nan_error(arrays, (), key, self._search(call))
        return ready.spec.unflatten([tensor(a, n) for a, n in zip(outputs, ready.names, strict=True)])

    def _find(self, call: Call) -> Ready:
        """The program for these arguments: by their exact sizes, else one that fits, else compiled now."""
        exact = (*call.key, *[(type_of(x).shape, type_of(x).dtype, type_of(x).names) for x in call.leaves])
        found = self._exact.get(exact)
        if found is None or found.compiled.spec != call.spec:
            types = [type_of(x) for x in call.leaves]
            with axis_scope(self._options.checks), constants_told():
                check_call(self._f, call.positional(), call.static)
            known = self._ready.setdefault(call.key, [])
            found = next((r for r in known if r.compiled.fits(types, call.spec)), None)
            if found is None:
                found = self._compile(types, call, known)
                known.append(found)
            self._exact[exact] = found
        return found

    def _compile(self, types: list[TensorType], call: Call, known: Sequence[Ready]) -> Ready:
        given: tuple[object, ...] = call.positional() or ((),)
        with axis_scope(self._options.checks):
            recording = record(self._with_static(call.static), *given, params=is_pack(given[0]), name=self._name)
        if known:
            before = known[-1].compiled
            reason = f"{self._name}: {change(before, types, call.spec)}"
            refuse_recompile(self._options, reason, one_program(before, types, call.spec))
            self._recompiles.append(reason)
        inputs = [*recording.params, *recording.inputs]
        as_inputs(inputs)
        done = compile_program(
            recording.graph,
            {},
            inputs,
            options=self._options,
            spec=call.spec,
            given=types,
            example=recording.example,
            specialised=recording.specialised,
        )
        return Ready(done, recording.out_spec, [type_of(x).names for x in flatten(recording.result)[0]])

    def _with_static(self, static: dict[str, Any]) -> Callable[..., Any]:
        """`f` with its static arguments given, of the positional signature that is recorded."""
        f = cast("Callable[..., Any]", self._f)
        if any(name not in static for name in self._signature.parameters):
            return with_constants(f, self._signature, static) if static else f

        @wraps(f)
        def alone(_: object) -> Any:  # a recording has at least one argument
            return f(**static)

        placeholder = [inspect.Parameter("nothing", inspect.Parameter.POSITIONAL_ONLY)]
        alone.__dict__["__signature__"] = self._signature.replace(parameters=placeholder)
        return alone

    def __repr__(self) -> str:
        count = sum(map(len, self._ready.values()))
        text = signature_text(cast("Callable[..., object]", self._f))
        return f"jit({self._name}{text}, {count} program{'' if count == 1 else 's'})"


def as_inputs(leaves: Sequence[Node]) -> None:
    """Make these leaves the inputs of their graph, in this order: a function has no arrays of its own to update."""
    for i, leaf in enumerate(leaves):
        leaf.attrs = Attrs({"kind": "input", "index": i})


def _simple_arity(signature: inspect.Signature) -> int:
    """The number of arguments, if all are positional without defaults; -1 otherwise."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plain = all(p.kind in kinds and p.default is inspect.Parameter.empty for p in signature.parameters.values())
    return len(signature.parameters) if plain else -1


def _contiguous(x: Arr | DeviceInput) -> Arr | DeviceInput:
    """An array of the host in C order; one of a device is that already."""
    return x if isinstance(x, DeviceInput) else np.asarray(x, order="C")


def _first_float(leaves: Sequence[AnyArray]) -> DType | None:
    return next((type_of(x).dtype for x in leaves if type_of(x).dtype.is_float), None)
