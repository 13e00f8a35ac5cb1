"""Matrix products on a device: C = op(A) op(B) over up to two batch loops, row-major.

They are done by cuBLASLt where it is installed, through nvmath-python or by ctypes, else by the plain tiled kernels of
builtins.py, as always in the simulator. Which algorithm cuBLASLt uses is asked once per product, and its first answer
is taken, so that results do not differ from run to run.
"""

from __future__ import annotations

import ctypes
import itertools
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, final

from ...compiler.errors import DeviceError, ShapewrightError
from . import builtins, cublaslt
from .cublaslt import CtypesLt, Heuristic, Lt, library_path, nvmath_lt
from .device import ALIGNMENT, Device
from .folders import installed, simulated

Precision = Literal["highest", "high"]
"""How float32 is multiplied: in float32, or in TF32 (10 bits of mantissa) with float32 sums."""
Width = Literal["f32", "f64"]

WORKSPACE: Final = 32 << 20
"""Bytes that cuBLASLt may use; one buffer per device, since products follow each other on one stream."""


class Loop(NamedTuple):
    """One batch loop: how often, and how far the operands and the result move, in bytes."""

    times: int
    a: int
    b: int
    c: int


ONCE: Final = Loop(1, 0, 0, 0)
"""A loop of one pass."""
_NO_TRANS, _TRANS = 111, 112  # how the built-in kernels name them, after CBLAS


@final
@dataclass(slots=True)
class Product:
    """C[m, n] = op(A)[m, k] op(B)[k, n] for every index of `loops`; C is overwritten, with zeros where k is 0.

    `a`, `b`, `c` are addresses; `lda`, `ldb`, `ldc` row strides in elements; an operand that is `trans` is stored
    transposed: A as [k, m], B as [n, k].
    """

    m: int
    n: int
    k: int
    a: int
    lda: int
    trans_a: bool
    b: int
    ldb: int
    trans_b: bool
    c: int
    ldc: int
    loops: tuple[Loop, ...] = ()
    dtype: Width = "f32"
    precision: Precision = "highest"
    _run: Callable[[], None] | None = field(default=None, init=False, repr=False, compare=False)

    def prepare(self, device: Device) -> None:
        """Choose how it is done and get what that needs: once, before a recording. Raises DeviceError."""
        if self._run is None:
            self._run = _prepared(self.tidied(), device)

    def enqueue(self, device: Device) -> None:
        """Put the product on the device's stream (or into the recording). It must always be the same device."""
        self.prepare(device)
        assert self._run is not None
        self._run()

    @property
    def item(self) -> int:
        """Bytes per element."""
        return 8 if self.dtype == "f64" else 4

    def tidied(self) -> Product:
        """The same product with loops of one pass gone, nested loops made one where the strides fit, and sound row
        strides for matrices of one row (where the stride is anything)."""
        loops: list[Loop] = []
        for new in self.loops:
            new = Loop(*new)
            if new.times == 1:
                continue
            if loops and loops[-1][1:] == (new.a * new.times, new.b * new.times, new.c * new.times):
                new = Loop(loops.pop().times * new.times, new.a, new.b, new.c)
            loops.append(new)
        (ra, ca), (rb, cb) = self.stored()
        lda = max(self.lda, ca) if ra == 1 else self.lda
        ldb = max(self.ldb, cb) if rb == 1 else self.ldb
        ldc = max(self.ldc, self.n) if self.m == 1 else self.ldc
        return Product(
            self.m, self.n, self.k, self.a, lda, self.trans_a, self.b, ldb, self.trans_b, self.c, ldc,
            tuple(loops), self.dtype, self.precision,
        )  # fmt: skip

    def stored(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns of A and B as they lie in memory."""
        a = (self.k, self.m) if self.trans_a else (self.m, self.k)
        return a, (self.n, self.k) if self.trans_b else (self.k, self.n)


# ---- who multiplies


@final
@dataclass(frozen=True, slots=True)
class Library:
    """cuBLASLt, started."""

    lt: Lt
    handle: int
    name: str


@final
@dataclass(frozen=True, slots=True)
class NoLibrary:
    """Why there is none."""

    why: str


_found: Final[list[Library | NoLibrary]] = []


def library() -> Library | NoLibrary:
    """cuBLASLt for this process: nvmath-python's bindings, else the library by ctypes. The GPU must be open."""
    if not _found:
        _found.append(_search())
    return _found[0]


def _search() -> Library | NoLibrary:
    failed: list[str] = []
    for name, load in _doors():
        try:
            lt = load()
            return Library(lt, lt.create(), name)
        except Exception as error:  # the packages raise kinds of their own, where a library or a driver is missing
            failed.append(f"{name} does not start ({_reason(error)})")
    return NoLibrary("; ".join(failed) or "nvmath-python and nvidia-cublas are not installed")


def _doors() -> Iterator[tuple[str, Callable[[], Lt]]]:
    if installed("nvmath-python") is not None:
        yield "cuBLASLt by nvmath-python", nvmath_lt
    path = library_path()
    if path is not None:
        yield "cuBLASLt", lambda: CtypesLt(path)


def _reason(error: Exception) -> str:
    if isinstance(error, ShapewrightError):
        return error.diagnostic.details[0] if error.diagnostic.details else error.diagnostic.message
    return str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__


def provider(precision: Precision) -> tuple[str, str]:
    """Who does float32 products, ("cublaslt" or "plain"), and a few words on it for the kernel's description."""
    if simulated():
        return "plain", "plain tiled kernel: the simulator has no library"
    found = library()
    if isinstance(found, Library):
        return "cublaslt", f"library product ({found.name}, {'TF32' if precision == 'high' else 'float32'})"
    return "plain", f"plain tiled kernel: {found.why}"


def _prepared(p: Product, device: Device) -> Callable[[], None]:
    """What enqueues a tidied product."""
    if p.m == 0 or p.n == 0 or any(loop.times == 0 for loop in p.loops):
        return _nothing
    if p.k == 0:
        return _zeros(p, device)
    if not device.simulated and _library_can(p):
        device.enter()
        found = library()
        call = _LtCall.of(p, found, device) if isinstance(found, Library) else None
        if call is not None:
            return call.run
    return _plain(p, device)


def _plain(p: Product, device: Device) -> Callable[[], None]:
    """The product by a built-in kernel."""
    name = f"gemm_{p.dtype}"
    function = device.functions(builtins.module(), [name])[name]
    one, two = (*p.loops, ONCE, ONCE)[:2]
    grid = builtins.gemm_grid(p.m, p.n, one.times * two.times)
    args = (
        _TRANS if p.trans_a else _NO_TRANS, _TRANS if p.trans_b else _NO_TRANS, p.m, p.n, p.k,
        p.a, p.lda, p.b, p.ldb, p.c, p.ldc, *one, *two,
    )  # fmt: skip
    return lambda: device.launch(function, grid, builtins.GEMM_BLOCK, args)


def _nothing() -> None:
    """An empty result."""


def _zeros(p: Product, device: Device) -> Callable[[], None]:
    """A sum of no terms."""
    rows, width = (1, p.m * p.n) if p.ldc == p.n or p.m == 1 else (p.m, p.n)

    def run() -> None:
        for place in itertools.product(*(range(loop.times) for loop in p.loops)):
            start = p.c + sum(i * loop.c for i, loop in zip(place, p.loops, strict=True))
            for row in range(rows):
                device.zero(start + row * p.ldc * p.item, width * p.item)

    return run


# ---- cuBLASLt


def _library_can(p: Product) -> bool:
    """BLAS wants rows that do not overlap, batch strides in whole elements, and sizes of 32 bits."""
    (_, ca), (_, cb) = p.stored()
    strides = [stride for loop in p.loops for stride in loop[1:]]
    return (
        p.lda >= ca and p.ldb >= cb and p.ldc >= p.n
        and all(stride % p.item == 0 for stride in strides)
        and max(p.m, p.n, p.k, *(loop.times for loop in p.loops)) < 2**31
    )  # fmt: skip


_workspaces: Final[weakref.WeakKeyDictionary[Device, int]] = weakref.WeakKeyDictionary()


def _workspace(device: Device) -> int:
    if device not in _workspaces:
        _workspaces[device] = device.alloc(WORKSPACE, zero=False)
    return _workspaces[device]


def _set(setter: Callable[[int, int, int, int], None], target: int, attribute: int, value: Any) -> None:
    """Set an attribute to a ctypes value."""
    setter(target, attribute, ctypes.addressof(value), ctypes.sizeof(value))


@final
class _LtCall:
    """A product with its descriptors, its algorithm and its workspace.

    cuBLASLt is column-major, where a row-major matrix is its own transpose: so C' = op(B)' op(A)' is what it is asked
    for, its A is our B, and no matrix is moved.
    """

    def __init__(self, p: Product, found: Library, device: Device) -> None:
        lt = self.lt = found.lt
        self.p, self.handle, self.device = p, found.handle, device
        double = p.dtype == "f64"
        kind = cublaslt.REAL_64F if double else cublaslt.REAL_32F
        single = cublaslt.COMPUTE_32F_FAST_TF32 if p.precision == "high" else cublaslt.COMPUTE_32F
        self.desc = lt.matmul_desc_create(cublaslt.COMPUTE_64F if double else single, kind)
        _set(lt.matmul_desc_set_attribute, self.desc, cublaslt.DESC_TRANSA, ctypes.c_int32(p.trans_b))
        _set(lt.matmul_desc_set_attribute, self.desc, cublaslt.DESC_TRANSB, ctypes.c_int32(p.trans_a))
        # The longer loop becomes the batch of one call, the other one is walked here.
        loops = sorted(p.loops, key=lambda loop: -loop.times)
        batch = loops[0] if loops else ONCE
        self.outer = loops[1] if len(loops) > 1 else ONCE
        (ra, ca), (rb, cb) = p.stored()
        shapes = ((cb, rb, p.ldb, batch.b), (ca, ra, p.lda, batch.a), (p.n, p.m, p.ldc, batch.c))
        self.layouts = [self._layout(kind, batch.times, *shape) for shape in shapes]
        scalar = ctypes.c_double if double else ctypes.c_float
        self.one, self.nought = scalar(1), scalar(0)  # scale factors; they live as long as the call may be made
        self.heuristic = Heuristic()
        self.workspace = 0
        weakref.finalize(self, _destroy, lt, self.desc, tuple(self.layouts)).atexit = False

    @staticmethod
    def of(p: Product, found: Library, device: Device) -> _LtCall | None:
        """The call, ready to run; None if cuBLASLt has no algorithm for this product."""
        call = _LtCall(p, found, device)
        if not call._choose():
            return None
        if call.heuristic.workspace:
            call.workspace = _workspace(device)
        return call

    def _layout(self, kind: int, count: int, rows: int, columns: int, ld: int, stride: int) -> int:
        layout = self.lt.matrix_layout_create(kind, rows, columns, ld)
        if count > 1:
            setter = self.lt.matrix_layout_set_attribute
            _set(setter, layout, cublaslt.LAYOUT_BATCH_COUNT, ctypes.c_int32(count))
            _set(setter, layout, cublaslt.LAYOUT_STRIDED_BATCH_OFFSET, ctypes.c_int64(stride // self.p.item))
        return layout

    def _choose(self) -> bool:
        """Ask for the best algorithm that fits the workspace and how the addresses are aligned."""
        lt, p, number = self.lt, self.p, ctypes.c_int(0)
        preference = lt.matmul_preference_create()
        try:
            setter = lt.matmul_preference_set_attribute
            _set(setter, preference, cublaslt.PREF_MAX_WORKSPACE_BYTES, ctypes.c_uint64(WORKSPACE))
            places = [[p.b], [p.a], [p.c], [p.c]]
            for loop in p.loops:
                for place, stride in zip(places, (loop.b, loop.a, loop.c, loop.c), strict=True):
                    place.append(stride)
            for attribute, place in zip(cublaslt.PREF_MIN_ALIGNMENT, places, strict=True):
                _set(setter, preference, attribute, ctypes.c_uint32(_alignment(place)))
            b, a, c = self.layouts
            lt.matmul_algo_get_heuristic(
                self.handle, self.desc, b, a, c, c, preference, 1,
                ctypes.addressof(self.heuristic), ctypes.addressof(number),
            )  # fmt: skip
        except Exception:  # "not supported" is an error in some versions, and an empty answer in others
            return False
        finally:
            lt.matmul_preference_destroy(preference)
        return number.value > 0 and self.heuristic.state == 0

    def run(self) -> None:
        """Enqueue the product."""
        p, (b, a, c) = self.p, self.layouts
        one, nought = ctypes.addressof(self.one), ctypes.addressof(self.nought)
        algorithm, size = ctypes.addressof(self.heuristic), self.heuristic.workspace
        self.device.enter()
        try:
            for i in range(self.outer.times):
                pa, pb, pc = p.a + i * self.outer.a, p.b + i * self.outer.b, p.c + i * self.outer.c
                self.lt.matmul(
                    self.handle, self.desc, one, pb, b, pa, a, nought, pc, c, pc, c, algorithm, self.workspace, size,
                    self.device.stream,
                )  # fmt: skip
        except Exception as error:
            raise DeviceError(
                f"the matrix library refused a product [{p.m}, {p.k}] x [{p.k}, {p.n}]",
                details=[_reason(error)],
                notes=["the trainer is unchanged, and usable"],
                help="this is a fault of shapewright: please report it with the program",
                code="SW604",
            ) from error


def _destroy(lt: Lt, desc: int, layouts: tuple[int, ...]) -> None:
    lt.matmul_desc_destroy(desc)
    for layout in layouts:
        lt.matrix_layout_destroy(layout)


def _alignment(numbers: list[int]) -> int:
    """The largest power of two, at most ALIGNMENT, that divides all of them."""
    bits = ALIGNMENT
    for number in numbers:
        bits |= number
    return bits & -bits
