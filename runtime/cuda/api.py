"""The one typed door to `numba.cuda`: decorating kernels, compiling them to PTX, linking PTX to machine code.

With `NUMBA_ENABLE_CUDASIM=1` it is Numba's simulator, which runs kernels as Python threads and compiles nothing; else
it is the `numba-cuda` package, which compiles without a driver.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final, Protocol, cast, final

import numpy as np

from ...compiler.errors import CompileError, DeviceError
from .folders import installed, simulated

SIMULATED: Final[bool] = simulated()
"""Whether Numba's simulator stands in for a device in this process."""


class Launcher(Protocol):
    """A kernel with its grid and block chosen."""

    def __call__(self, *arguments: int) -> None: ...


class Kernel(Protocol):
    """A decorated kernel. `kernel[grid, block](...)` runs it in the simulator; devices launch its machine code."""

    @property
    def py_func(self) -> Callable[..., None]: ...
    def __getitem__(self, configuration: tuple[int, int]) -> Launcher: ...


def _import(name: str) -> Any:  # Any: an untyped package
    missing = not SIMULATED and installed("numba-cuda") is None
    try:
        if missing:
            raise ImportError("the package numba-cuda is not installed")
        if not hasattr(np, "row_stack"):  # numba-cuda asks for what NumPy 2.4 has no more
            setattr(np, "row_stack", np.vstack)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its own deprecated parts
            if SIMULATED:  # said after `import numba`, perhaps
                setattr(importlib.import_module("numba.core.config"), "ENABLE_CUDASIM", 1)
            return importlib.import_module(name)
    except ImportError as error:
        raise DeviceError(
            "compiling for CUDA needs numba-cuda",
            code="SW602",
            details=[str(error)],
            help="pip install 'shapewright[cuda13]'",
        ) from error


cuda: Final[Any] = _import("numba.cuda")
"""The module that kernels know as `cuda`: threadIdx, blockIdx, grid, gridsize, syncthreads."""


# ---- kernels


def jit(*, launch_bounds: int) -> Callable[[Callable[..., None]], Kernel]:
    """Decorator of a kernel whose blocks have at most `launch_bounds` threads; every parameter is an int64.

    Nothing is compiled until asked for, and decorating needs no driver.
    """

    def decorate(function: Callable[..., None]) -> Kernel:
        if SIMULATED:
            return SimulatedKernel(function)
        return cast(Kernel, cuda.jit(launch_bounds=launch_bounds, lineinfo=True)(function))

    return decorate


@final
class SimulatedKernel:
    """A kernel that runs as Python threads, one launch at a time."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.py_func = function
        self._kernel: Any = cuda.jit(_quiet(function))

    def __getitem__(self, configuration: tuple[int, int]) -> Launcher:
        def launch(*arguments: int) -> None:
            with _simulating:
                interval = sys.getswitchinterval()
                sys.setswitchinterval(1e-4)  # the simulator watches its threads in a busy loop: six times as fast
                try:
                    self._kernel[configuration](*arguments)
                finally:
                    sys.setswitchinterval(interval)

        return launch


_simulating: Final = threading.Lock()


def _quiet(function: Callable[..., None]) -> Callable[..., None]:
    """The kernel without NumPy's warnings: a device gives NaN and infinity in silence.

    `np.errstate` belongs to one thread, so every simulated thread sets its own. The wrapper has the globals of the
    kernel, because the simulator exchanges `cuda` there.
    """
    errstate = np.errstate

    def run(*arguments: int) -> None:
        with errstate(all="ignore"):
            function(*arguments)

    kernel_globals: dict[str, Any] = cast(Any, function).__globals__
    wrapped = FunctionType(run.__code__, kernel_globals, function.__name__, None, run.__closure__)
    return functools.update_wrapper(wrapped, function)


# ---- compiling


@final
@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel as text for a device."""

    ptx: str
    llvm: str
    """What Numba handed to NVVM: not optimised."""
    entry: str
    """The kernel's symbol in both."""


def target(arch: str) -> str:
    """The architecture that code for `arch` ("sm_90") is made for: with all its own instructions ("sm_90a")."""
    return "sm_{}{}{}".format(*_capability_of(arch))


def _capability_of(arch: str) -> tuple[int, int, str]:
    found = re.fullmatch(r"sm_(\d+)(\d)a?", arch)
    if found is None:
        raise CompileError(f"{arch!r} names no CUDA architecture", help='write it like "sm_90"')
    major, minor = int(found[1]), int(found[2])
    return major, minor, "a" if major >= 9 else ""


_lock: Final = threading.RLock()
_PLACES: Final = re.compile(r'^ *call void @"llvm\.dbg\.(value|declare)"\(.*\n', re.MULTILINE)


def compile_kernel(function: Callable[..., None], parameters: int, threads: int, arch: str) -> Compiled:
    """Compile a kernel of `parameters` int64 for blocks of at most `threads` threads; no device is needed.

    Raises what Numba and NVVM raise: the loader says which file it was.
    """
    if SIMULATED:
        raise DeviceError(
            "the simulator runs kernels as Python and makes no device code",
            code="SW602",
            help="unset NUMBA_ENABLE_CUDASIM",
        )
    cc = _capability_of(arch)
    compiler: Any = importlib.import_module("numba.cuda.compiler")
    signature = cuda.types.void(*[cuda.types.int64] * parameters)
    with _lock, _pretended_device(cc), _bounded(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice about how the kernel is launched
        library, _ = compiler._compile_pyfunc_with_fixup(
            function, signature, device=False, abi="numba", cc=cc, lineinfo=True, launch_bounds=threads
        )
        # Lines are wanted, places of variables are not: NVVM's optimiser makes symbols of them that it then refuses.
        library._llvm_strs = [unroll(_PLACES.sub("", text)) for text in library.llvm_strs]
        ptx, llvm, mangled = library.get_asm_strs(cc=cc)[0], library.get_llvm_str(), library._entry_name
    entry = f"{function.__name__}_kernel"  # not the bare name: `add` is a word of PTX
    return Compiled(_without_environment(ptx).replace(mangled, entry) + "\n", llvm.replace(mangled, entry), entry)


UNROLL_MARK: Final = "unroll_this_loop"
"""A function that is called at the head of a loop to be written out."""
_MARKED: Final = re.compile(rf'^ *(call|declare) void @"{UNROLL_MARK}"\(\).*\n', re.MULTILINE)
_PASSING: Final = re.compile(r'^"?([\w.]+)"?:\n *br label %"([\w.]+)"[^\n]*\n', re.MULTILINE)
_LABEL: Final = re.compile(r'^"?([\w.]+)"?:', re.MULTILINE)


def unroll(llvm: str) -> str:
    """LLVM text in which every loop with a mark at its head is one to be written out: the jumps back to it say so."""
    if UNROLL_MARK not in llvm:
        return llvm
    heads = {_LABEL.findall(llvm, 0, m.start())[-1]: m.start() for m in _MARKED.finditer(llvm) if m[1] == "call"}
    for m in _PASSING.finditer(llvm):  # a block that only goes on to a head is where long loops come back to
        if m[2] in heads:
            heads[m[1]] = m.start()
    number = 1 + max((int(n) for n in re.findall(r"^!(\d+) =", llvm, re.MULTILINE)), default=-1)
    notes = [f'!{number} = !{{ !"llvm.loop.unroll.full" }}']

    def jump(m: re.Match[str]) -> str:
        if m[1] not in heads or m.start() < heads[m[1]]:
            return m[0]
        mine = number + len(notes)
        notes.append(f"!{mine} = distinct !{{ !{mine}, !{number} }}")
        return f"{m[0]}, !llvm.loop !{mine}"

    text = re.sub(r'^ *br label %"([\w.]+)"[^\n]*', jump, llvm, flags=re.MULTILINE)
    return _MARKED.sub("", text).rstrip("\n") + "\n" + "\n".join(notes) + "\n"


def _without_environment(ptx: str) -> str:
    """Without the variable that Numba declares for exceptions on the host, where nothing refers to it."""
    return re.sub(r"\n\.common \.global \.align 8 \.u64 (_ZN08NumbaEnv\w+);\n(?!(?s:.*)\1)", "\n", ptx)


@contextlib.contextmanager
def _bounded(threads: int) -> Generator[None]:
    _bounds.append(threads)
    try:
        yield
    finally:
        _bounds.pop()


_bounds: Final = [1024]


def largest_block() -> int:
    """The most threads that a block of the kernel being compiled may have."""
    return _bounds[-1]


@contextlib.contextmanager
def _pretended_device(cc: tuple[int, int, str]) -> Generator[None]:
    """While compiling, a device of this capability: Numba asks the current one when a kernel calls a device function,
    and there may be none."""

    class Device:
        compute_capability = cc

    modules: list[Any] = [importlib.import_module(f"numba.cuda.{name}") for name in ("dispatcher", "compiler")]
    kept = [module.get_current_device for module in modules]
    for module in modules:
        module.get_current_device = Device
    try:
        yield
    finally:
        for module, function in zip(modules, kept, strict=True):
            module.get_current_device = function


@final
@dataclass(frozen=True, slots=True)
class Linked:
    """Machine code of a kernel."""

    cubin: bytes
    log: str
    """What ptxas says: registers, stack, spills, shared memory."""


def link(ptx: str, arch: str) -> Linked:
    """PTX to machine code for `arch`, by nvJitLink or the driver."""
    core = _import("cuda.core")
    options = core.LinkerOptions(arch=target(arch), ptxas_options=["-v"], lineinfo=True)
    linker = core.Linker(core.ObjectCode.from_ptx(ptx.encode()), options=options)
    code = linker.link("cubin").code
    return Linked(bytes(code), str(linker.get_info_log()).replace("\0", "").strip() + "\n")


# ---- extending the compiler (not in the simulator)


def capability() -> tuple[int, int]:
    """The compute capability that the function being compiled is for."""
    config: Any = importlib.import_module("numba.cuda.core.targetconfig")
    major, minor = config.ConfigStack().top().compute_capability[:2]
    return int(major), int(minor)


class Signature(Protocol):
    """A result type with parameter types."""

    @property
    def args(self) -> tuple[Any, ...]: ...  # Any: types of Numba
    @property
    def return_type(self) -> Any: ...


def intrinsic(define: Callable[..., object]) -> Any:  # Any: callable in kernels only
    """A function that kernels can call; `define(typing context, *types)` gives the signature for these types and the
    function that writes the instructions, or None."""
    return extending("intrinsic", define)


def extending(name: str, *arguments: object, **options: object) -> Any:
    """Call `numba.cuda.extending.NAME`."""
    return getattr(importlib.import_module("numba.cuda.extending"), name)(*arguments, **options)


def data_models() -> Any:
    """Numba's classes of how a type lies in LLVM."""
    return importlib.import_module("numba.cuda.extending").core_models


def literal_wanted(value: object) -> Exception:
    """The error that makes Numba try again with the constant itself in the place of its type."""
    return cast("Exception", importlib.import_module("numba.cuda.core.errors").RequireLiteralValue(value))


def implement(
    function: Callable[..., object],
    define: Callable[..., Signature | None],
    codegen: Callable[..., object],
    *kinds: object,
) -> None:
    """Give `function` (such as operator.getitem) a meaning for types `kinds`; `define` returns None for others."""
    templates: Any = importlib.import_module("numba.cuda.typing.templates")

    def generic(self: Any, arguments: Sequence[object], keywords: object) -> object:
        return define(*arguments)

    template = type("ShapewrightTemplate", (templates.AbstractTemplate,), {"key": function, "generic": generic})
    importlib.import_module("numba.cuda.cudadecl").registry.register_global(function)(template)
    lower(function, codegen, *kinds)


def lower(function: Callable[..., object] | str, codegen: Callable[..., object], *kinds: object) -> None:
    """Say which function writes the instructions of `function` for these types."""
    importlib.import_module("numba.cuda.cudaimpl").registry.lower(function, *kinds)(codegen)
