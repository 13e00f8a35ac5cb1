"""Eager execution: every operation runs at once as the op table's NumPy reference, on the tapes that are open.

`EagerOps` is the interpreter; `EagerSession` keeps a tape for reverse mode; `EagerBuild` runs derivative and update
rules. Outside a session no tape is kept. Values are NumPy arrays, identified by the object.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, TypeVarTuple, cast, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.autodiff import Entry, gradients
from ..compiler.errors import IndexOutOfRange, ShapeError
from ..compiler.ir.attrs import Attrs, AttrValue
from ..compiler.ir.build import Build
from ..compiler.loc import Loc, user_loc
from ..compiler.ops.table import OPS
from ..compiler.types import DType, TensorType
from ..dsl.array import make, type_of, type_text, value_of
from ..dsl.interpreters import float_dtype, set_eager
from ..dsl.pack import TList, flatten
from .nans import NanSearch, Where
from .values import AnyArray, array_of, tensor

if TYPE_CHECKING:
    from ..dsl.pack import Pack
    from ..dsl.tensor import Scalar
    from .params import ParamList

Arr: TypeAlias = NDArray[np.generic]
G = TypeVar("G", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
Xs = TypeVarTuple("Xs")


Perform: TypeAlias = Callable[[str, tuple[Arr, ...], Attrs], Arr]
"""Performs an operation on a device, whose values stand in the place of arrays."""


@final
@dataclass(slots=True)
class Tape:
    """Operations in the order they ran. `locs` are kept only when NaNs are being looked for."""

    entries: list[Entry[Arr]] = field(default_factory=list[Entry[Arr]])
    locs: list[Loc | None] = field(default_factory=list["Loc | None"])


@final
@dataclass(slots=True)
class Draws:
    """The random stream of one run: the key, and how many operations have drawn from it."""

    key: Arr
    count: int = 0


@final
@dataclass(frozen=True, slots=True)
class _Scope:
    """What surrounds the operations that run now."""

    tapes: tuple[Tape, ...] = ()
    nans: NanSearch | None = None  # None: nobody looks for them
    where: Where | None = None  # of the operation whose derivative runs
    device: Perform | None = None  # what performs operations, if not the host


_scope: ContextVar[_Scope] = ContextVar("shapewright_eager_scope", default=_Scope())
_process_draws = Draws(np.zeros(2, np.uint32))
_draws: ContextVar[Draws] = ContextVar("shapewright_draws", default=_process_draws)
_TYPES: dict[np.dtype[np.generic], DType] = {}


def dtype_of(x: Arr) -> DType:
    """The element type of an array (remembered: NumPy's own name lookup is slow)."""
    found = _TYPES.get(x.dtype)
    if found is None:
        found = _TYPES[x.dtype] = DType.of(x.dtype)
    return found


def execute(op: str, args: Sequence[Arr], attrs: Attrs) -> Arr:
    """Run one operation and note it on the open tapes."""
    scope = _scope.get()
    operands = tuple(args)
    out = scope.device(op, operands, attrs) if scope.device is not None else OPS[op].reference(operands, attrs)
    for a in operands:
        if out is a:
            out = out.view()  # a value of its own: tapes tell values apart by identity
    if scope.nans is not None:
        scope.nans.check(op, args, out, scope.where or Where(user_loc()))
    for tape in scope.tapes:
        tape.entries.append(Entry(op, operands, attrs, out))
        if scope.nans is not None:
            tape.locs.append(user_loc())
    return out


@contextmanager
def scoped(
    *,
    tape: Tape | None = None,
    nans: NanSearch | None = None,
    where: Where | None = None,
    device: Perform | None = None,
) -> Generator[None]:
    """Open one more tape; look for NaNs, of which messages say that they are at `where`; perform operations on a device."""
    old = _scope.get()
    tapes = old.tapes if tape is None else (*old.tapes, tape)
    token = _scope.set(_Scope(tapes, nans or old.nans, where or old.where, device or old.device))
    try:
        yield
    finally:
        _scope.reset(token)


@final
class EagerBuild(Build[Arr]):
    """`Build` on arrays: derivative and update rules run as soon as they are written."""

    def apply(self, op: str, args: Sequence[Arr], attrs: Attrs) -> Arr:
        return execute(op, args, attrs)

    def type_of(self, x: Arr) -> TensorType:
        return TensorType(dtype_of(x), x.shape)


def tape_gradients(tape: Tape, out: Arr, seed: Arr, wrt: Sequence[Arr]) -> list[Arr]:
    """Gradients of `out`, seeded with `seed`; zeros for an array it does not depend on. Open outer tapes note the rules."""
    old = _scope.get()
    others = tuple(t for t in old.tapes if t is not tape)
    locs = {id(e.out): loc for e, loc in zip(tape.entries, tape.locs, strict=False)}

    def enter(entry: Entry[Arr], gradient: Arr) -> None:
        if locs:
            where = Where(locs.get(id(entry.out)), entry.op)
            _scope.set(_Scope(others, old.nans, where, old.device))

    token = _scope.set(_Scope(others, old.nans, old.where, old.device))
    try:
        found = gradients(EagerBuild(), tape.entries, out, seed, wrt, key=id, enter=enter)
    finally:
        _scope.reset(token)
    return [np.zeros(w.shape, w.dtype) if g is None else g for g, w in zip(found, wrt, strict=True)]


@final
class EagerOps:
    """The interpreter that runs at once. Its values are NumPy arrays."""

    def lift(self, x: AnyArray) -> Arr:
        """The array of a concrete tensor, not copied."""
        return array_of(x)

    def apply(self, op: str, args: Sequence[Arr], attrs: Mapping[str, object]) -> Arr:
        """Run an operation of the table now."""
        return execute(op, args, attrs if isinstance(attrs, Attrs) else Attrs(cast("Mapping[str, AttrValue]", attrs)))

    def key(self) -> Arr:
        """The implicit key of random operations: that of the run, outside of one the process's own."""
        return _draws.get().key

    def stream(self) -> int:
        """The number of the next draw of this run."""
        draws = _draws.get()
        draws.count += 1
        return draws.count - 1


def inside_run() -> bool:
    """Whether a tape is open, or a function runs whose draws are counted."""
    return bool(_scope.get().tapes) or _draws.get() is not _process_draws


@contextmanager
def running(key: tuple[int, int], dtype: DType | None = None) -> Generator[None]:
    """Run a function from its start: draws are numbered from 0 under `key`, new floating tensors are of `dtype`."""
    token = _draws.set(Draws(np.asarray(key, np.uint32)))
    try:
        with float_dtype(dtype):
            yield
    finally:
        _draws.reset(token)


@final
class EagerSession:
    """A context manager that keeps a tape: leaves from `use_params` and `use_inputs`, then every operation that runs.

    Leaves are numbered in the order they are made: parameters 0..P-1, then inputs. key: both words of the random key.
    """

    def __init__(self, *, key: tuple[int, int] = (0, 0), dtype: DType | None = None, debug_nans: bool = False) -> None:
        self._key, self._dtype, self._debug_nans = key, dtype, debug_nans
        self._stack = ExitStack()
        self.reset()

    def reset(self) -> None:
        """Forget the leaves and the tape."""
        self._tape = Tape()
        self._leaves: list[Arr] = []
        self._needs: list[bool] = []

    def __enter__(self) -> Self:
        self.reset()
        self._stack.enter_context(running(self._key, self._dtype))
        self._stack.enter_context(scoped(tape=self._tape, nans=NanSearch() if self._debug_nans else None))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self.reset()

    def __len__(self) -> int:
        """The number of operations on the tape."""
        return len(self._tape.entries)

    def use_params(self, params: ParamList[G]) -> G:
        """Make the parameters leaves of the tape; returns the pack of tensors (refs) to compute with."""
        refs = [self._leaf(c.read(), c.requires_grad) for c in params.cells]
        return params.pack(refs)

    def use_inputs(self, *xs: *Xs) -> tuple[*Xs]:
        """Make inputs leaves of the tape, without gradients; returns the tensors to compute with."""
        leaves, spec = flatten(xs)
        refs = [make(type_of(x), self._leaf(array_of(x), False), None) for x in leaves]
        return cast("tuple[*Xs]", spec.unflatten(refs))

    def _leaf(self, array: Arr, needs: bool) -> Arr:
        ref = array.view()
        self._leaves.append(ref)
        self._needs.append(needs)
        return ref

    def backward(self, loss: Scalar) -> tuple[Arr, ...]:
        """The dense gradient array: one gradient per leaf, zeros where none is needed or the loss does not reach.

        Raises:
            ShapeError: the loss is not a scalar.
        """
        type = type_of(loss)
        if type.shape != () or not type.dtype.is_float:
            raise ShapeError(
                f"backward starts at a floating scalar, not at {type_text(type)}",
                loc=user_loc(),
                help="reduce it first, for instance with .mean()",
                code="SW106",
            )
        wanted = [i for i, needs in enumerate(self._needs) if needs]
        out = array_of(loss)
        found = tape_gradients(self._tape, out, np.ones((), out.dtype), [self._leaves[i] for i in wanted])
        dense = dict(zip(wanted, found, strict=True))
        return tuple(dense[i] if i in dense else np.zeros(x.shape, x.dtype) for i, x in enumerate(self._leaves))

    def grads_of(self, refs: object, dense: Sequence[Arr]) -> TList[*tuple[Any, ...]]:
        """The gradients of leaves, given as the pack of refs that `use_params` or `use_inputs` returned.

        Raises:
            IndexOutOfRange: a ref whose leaf `dense` does not have. ShapeError: a gradient of another shape than its ref.
        """
        index = {id(leaf): i for i, leaf in enumerate(self._leaves)}
        leaves, spec = flatten(refs)
        grads: list[AnyArray] = []
        for ref, name in zip(leaves, spec.names, strict=True):
            i = index.get(id(value_of(ref)))
            if i is None or i >= len(dense):
                where = "is not a leaf of this session" if i is None else f"is leaf {i}"
                raise IndexOutOfRange(
                    f"{name or 'the tensor'} {where}; the gradient array has {len(dense)} entries",
                    loc=user_loc(),
                    help="pass refs and gradients of one session",
                    code="SW302",
                )
            if dense[i].shape != type_of(ref).shape:
                raise ShapeError(
                    f"the gradient of leaf {i} has another shape",
                    loc=user_loc(),
                    details=[f"expected {type_of(ref)}", f"got {dense[i].dtype}{list(dense[i].shape)}"],
                    code="SW101",
                )
            grads.append(tensor(dense[i], type_of(ref).names))
        return TList(*grads)


set_eager(EagerOps())
