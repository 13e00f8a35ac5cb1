"""The one typed door to Numba, which ships neither stubs nor a `py.typed`.

Numba is reached through `importlib` here (and in `llvm.py`, for instructions), so the rest of the runtime type checks
under strict rules: a compiled function keeps the Python signature it is written with.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, Self, TypedDict, TypeVar, cast, final

from .folders import cache_folder, runtime_digest

F = TypeVar("F", bound=Callable[..., object])
Flag = Literal["contract", "reassoc", "arcp", "afn", "nsz"]

# Any: an untyped package; every name below that comes from it is given a type where it is exported.
_numba: Final[Any] = importlib.import_module("numba")
_caching: Final[Any] = importlib.import_module("numba.core.caching")


class Signature(Protocol):
    """A result type with parameter types: what `void(I, I)` makes."""

    @property
    def args(self) -> tuple[NumbaType, ...]: ...


class NumbaType(Protocol):
    """A Numba type; calling it with parameter types makes a signature."""

    def __call__(self, *parameters: NumbaType) -> Signature: ...


void: Final[NumbaType] = _numba.types.void
I: Final[NumbaType] = _numba.types.intp


class KernelOptions(TypedDict):
    """Options of `njit`."""

    cache: bool
    nogil: bool
    error_model: Literal["numpy", "python"]
    fastmath: set[Flag]


KW: Final = KernelOptions(
    cache=True,
    nogil=True,
    error_model="numpy",  # the Python model checks every division, and so blocks vectorisation
    fastmath={"contract", "reassoc", "arcp", "afn", "nsz"},  # never nnan or ninf: NaN and infinity are results
)
"""The options every kernel is compiled with."""


@final
@dataclass(frozen=True, slots=True)
class Compiled:
    """One function that became machine code: by compilation, or `cached`, read from disk."""

    name: str
    file: str
    cached: bool
    seconds: float
    folder: Path
    """Where its object code is kept."""
    llvm: str | None
    """The optimised LLVM text, where it was compiled just now."""


_listeners: Final[list[Callable[[Compiled], None]]] = []


def listen(listener: Callable[[Compiled], None]) -> Callable[[], None]:
    """Call `listener` after every compilation of a signature in this process; returns the function that ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


# ---- the cache: beside the file for generated kernels, in one folder for the fixed runtime


def kernel_folder(function: Callable[..., object]) -> Path:
    """Where the object code of a generated kernel is: named by the digest of its text without comments."""
    lines = inspect.getsource(function).splitlines()
    text = "\n".join(line.partition("  #")[0].rstrip() for line in lines if not line.lstrip().startswith("#"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache_folder() / "kernels" / f"{function.__name__}_{digest}"


class _Locator:
    """Numba's hook that says where the object code of a function is kept and when it is stale.

    Numba's own looks at the modification time of the function's file only; the runtime's functions depend on each
    other's files too, so the digest of all of them is in the stamp. A generated file has its own in its name.
    """

    def __init__(self, function: Callable[..., object], file: str) -> None:
        path, folder = Path(file), cache_folder()
        self.generated = generated = folder in path.parents
        self._py_file = file  # Numba reads it for a warning
        self._folder = str(kernel_folder(function) if generated else folder / "runtime")
        own = "" if generated else hashlib.sha256(path.read_bytes()).hexdigest()
        self._stamp = (own, runtime_digest())
        self._line = "k" if generated else str(function.__code__.co_firstlineno)

    @classmethod
    def from_function(cls, function: Callable[..., object], file: str) -> Self:
        return cls(function, file)

    def get_cache_path(self) -> str:
        return self._folder

    def get_source_stamp(self) -> tuple[str, str]:
        return self._stamp

    def get_disambiguator(self) -> str:
        return self._line


class _NamedByFunction:
    """Object code of a kernel is named after the kernel, not after the program it was first compiled for."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        impl: Any = super()
        locator: _Locator = cast(Any, self)._locator  # set by Numba before it asks
        return str(impl.get_filename_base(fullname.rpartition(".")[2] if locator.generated else fullname, abiflags))


class _Forgiving:
    """A cache with damaged or unwritable files is an empty cache: the function is compiled again."""

    def load_overload(self, signature: object, context: object) -> object:
        cache: Any = super()
        try:
            return cache.load_overload(signature, context)
        except Exception:  # pickle raises whatever the damaged bytes make it call
            with contextlib.suppress(OSError):
                cache.flush()
            return None

    def save_overload(self, signature: object, data: object) -> None:
        cache: Any = super()
        with contextlib.suppress(OSError):
            cache.save_overload(signature, data)


def _cache_type() -> Callable[[object], object]:
    locator = type("ShapewrightLocator", (_Locator, _caching._CacheLocator), {})
    bases = (_NamedByFunction, _caching.CompileResultCacheImpl)
    impl = type("ShapewrightCacheImpl", bases, {"_locator_classes": [locator]})
    cache: Any = type("ShapewrightCache", (_Forgiving, _caching.FunctionCache), {"_impl_class": impl})
    return cast("Callable[[object], object]", cache)


_cache: Final = _cache_type()


# ---- compiling


def njit(
    signature: Signature | None = None,
    *,
    cache: bool = False,
    nogil: bool = False,
    error_model: Literal["numpy", "python"] = "numpy",
    fastmath: set[Flag] | None = None,
    forceinline: bool = False,
    defer: bool = False,
) -> Callable[[F], F]:
    """`numba.njit`, with a cache that knows what the function depends on.

    With a `signature` the function is compiled (or read from the cache) at once, or with `defer` when `address_of`
    first asks for it; without one it is compiled for the types that compiled code first calls it with.
    """
    options = {"nogil": nogil, "error_model": error_model, "fastmath": fastmath or False, "forceinline": forceinline}

    def decorate(function: F) -> F:
        dispatcher: Any = _numba.njit(**options)(function)
        if cache:
            dispatcher._cache = _cache(function)
        if signature is not None and defer:
            _deferred[dispatcher] = signature
        elif signature is not None:
            _compile(dispatcher, signature)
        return cast(F, dispatcher)

    return decorate


_deferred: Final[dict[object, Signature]] = {}


def _compile(dispatcher: Any, signature: Signature) -> None:
    start = time.perf_counter()
    dispatcher.compile(signature.args)
    seconds = time.perf_counter() - start
    if not _listeners:
        return
    cached = bool(dispatcher.stats.cache_hits)
    text: str | None = None if cached else _only_result(dispatcher).library.get_llvm_str()
    function = dispatcher.py_func
    folder = Path(dispatcher._cache.cache_path or "")
    record = Compiled(function.__name__, function.__code__.co_filename, cached, seconds, folder, text)
    for listener in list(_listeners):
        listener(record)


def _only_result(dispatcher: Any) -> Any:
    return dispatcher.overloads[dispatcher.signatures[0]]


def address_of(function: object) -> int:
    """The C address of a function with a signature: `void f(int64, ...)` as a C caller sees it."""
    signature = _deferred.pop(function, None)
    if signature is not None:
        _compile(function, signature)
    result = _only_result(function)
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


def is_compiled(value: object) -> bool:
    """Whether `value` is a function that was compiled for exactly one signature."""
    return isinstance(value, _numba.core.dispatcher.Dispatcher) and len(cast(Any, value).signatures) == 1
