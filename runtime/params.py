"""Trainable cells behind a pack: `Param`, `ParamList`, and the reference update `sgd_step`.

A cell owns one array at a fixed address: trainers and compiled programs write it in place, so every read is a copy.
A device may hold a newer copy, the cell's mirror; reading with `.value` or `.values()` downloads it first, and
overwriting drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, TypeVarTuple, cast, final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import DTypeError, OptionError, ShapeError
from ..compiler.loc import user_loc
from ..compiler.types import DType, TensorType
from ..dsl.array import type_of, type_text
from ..dsl.pack import Pack, flatten
from ..dsl.report import count, kind_text
from .mirrors import Mirror, read_all
from .values import array_of, arrays_of, boundary, tensor

if TYPE_CHECKING:
    from ..dsl.pack import Spec
    from ..dsl.tensor import Tensor

S = TypeVarTuple("S")
G = TypeVar("G", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
H = TypeVar("H", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
Arr: TypeAlias = NDArray[np.generic]
Real: TypeAlias = NDArray[np.floating[Any]]
Flags: TypeAlias = "Sequence[bool] | Callable[[str], bool] | None"


@final
class Param(Generic[*S]):
    """One mutable trainable cell. It is not a tensor: pass `.value` where a tensor is wanted."""

    __slots__ = ("_host", "_mirror", "_mirrored", "_names", "_requires_grad", "name")

    def __init__(
        self, value: Arr, *, name: str = "", requires_grad: bool = True, names: tuple[str | None, ...] = ()
    ) -> None:
        self._host = np.array(value, order="C", copy=True)
        self._names = names
        self._mirror: Mirror | None = None
        self._mirrored: list[bool] = []
        self.name = name
        self._requires_grad = requires_grad and self._host.dtype.kind == "f"

    @property
    def requires_grad(self) -> bool:
        """Whether the cell is trained; decided when it is made (`requires_grad=` of the list or the trainer)."""
        return self._requires_grad

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._host.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type, as NumPy's."""
        return self._host.dtype

    @property
    def type(self) -> TensorType:
        return TensorType(DType.of(self.dtype), self.shape, self._names)

    @property
    def value(self) -> Tensor[*S]:
        """A copy of the value; a newer device copy is downloaded first."""
        return cast("Tensor[*S]", tensor(self.read().copy(), self._names))

    @value.setter
    def value(self, new: Tensor[*S]) -> None:
        x = boundary(new, None, f"the value of parameter {self.name!r}")
        check_fits(self.type, type_of(x), self.name, "value")
        self.write(array_of(x))

    @property
    def host(self) -> Arr:
        """The host's array itself, possibly older than the device's copy. Programs write it in place."""
        return self._host

    def attach(self, mirror: Mirror | None) -> None:
        """Set the device copy of this cell; what a former one had newer is downloaded before it goes."""
        if self._mirror is not mirror:
            self.read()
        self._mirror = mirror
        if mirror is not None and not self._mirrored:
            self._mirrored.append(True)

    def tell(self, mirrored: list[bool]) -> None:
        """A list that is no longer empty once this cell has had a mirror: while it is, nobody need look for one."""
        self._mirrored = mirrored
        if self._mirror is not None:
            mirrored.append(True)

    @property
    def mirror(self) -> Mirror | None:
        return self._mirror

    def read(self) -> Arr:
        """The host's array, made current first. Not a copy."""
        if self._mirror is not None and self._mirror.newer:
            array = self._mirror.download()
            if array.shape != self.shape or array.dtype != self.dtype:
                raise ShapeError(
                    f"the device copy of parameter {self.name!r} has another shape",
                    details=[f"host {self.dtype}{list(self.shape)}, device {array.dtype}{list(array.shape)}"],
                    code="SW101",
                )
            np.copyto(self._host, array)
        return self._host

    def write(self, array: Arr) -> None:
        """Overwrite the value (of equal shape and dtype) and drop the device copy."""
        np.copyto(self._host, array, casting="no")
        self.invalidate()

    def invalidate(self) -> None:
        """Drop the device copy, because the host's array was written in place. A mirror stays attached, stale."""
        if self._mirror is not None:
            self._mirror.invalidate()

    def __repr__(self) -> str:
        flag = "" if self.requires_grad else ", frozen"
        return f"Param({self.name or 'unnamed'}: {self.type}{flag})"


Cell: TypeAlias = Param[*tuple[Any, ...]]


@final
class ParamList(Generic[G]):
    """The ordered cells behind a pack of type `G`; make one with `ParamList.from_tensors(pack)`.

    mirrored: not empty once one of them, or of what is trained with them, has had a mirror.
    """

    __slots__ = ("__weakref__", "cells", "mirrored", "spec")

    def __init__(self, cells: tuple[Cell, ...], spec: Spec) -> None:
        self.cells = cells
        self.spec = spec
        self.mirrored: list[bool] = []
        for cell in cells:
            cell.tell(self.mirrored)

    @classmethod
    def from_tensors(cls, pack: H, requires_grad: Flags = None, *, dtype: DType | None = None) -> ParamList[H]:
        """Fresh cells with copies of the tensors of `pack`.

        requires_grad: one flag per tensor in their order, or a predicate on names; None: all. Int and bool tensors
        never require gradients. dtype: cast floating tensors.

        Raises:
            OptionError: a list of flags of another length; nothing is allocated.
        """
        check_is_pack(pack)
        arrays, spec, types = arrays_of(pack, "the initial value")
        flags = check_flags(requires_grad, spec.names)
        cells = [
            Cell(
                a if dtype is None or a.dtype.kind != "f" else a.astype(dtype.numpy),
                name=n,
                requires_grad=f,
                names=t.names,
            )
            for a, n, f, t in zip(arrays, spec.names, flags, types, strict=True)
        ]
        return cast("ParamList[H]", cls(tuple(cells), spec))

    def trainable(self) -> list[Cell]:
        """The cells that require gradients, in order."""
        return [c for c in self.cells if c.requires_grad]

    def values(self) -> G:
        """The values as a pack of copies, after downloading device copies that are newer."""
        return self.pack([c.read().copy() for c in self.cells])

    def host_values(self) -> G:
        """The host's values as a pack of copies; older than the device's after a step there."""
        return self.pack([c.host.copy() for c in self.cells])

    def set_values(self, pack: G) -> None:
        """Overwrite all values and drop device copies; either all are written or, on an error, none.

        Raises:
            ShapeError, DTypeError: another structure, shape or element type.
        """
        for cell, array in zip(self.cells, self.matching(pack, "values"), strict=True):
            cell.write(array)

    def pack(self, arrays: Sequence[Arr]) -> G:
        """A pack of this structure on these arrays (not copied)."""
        leaves = [tensor(a, c.type.names) for a, c in zip(arrays, self.cells, strict=True)]
        return cast("G", self.spec.unflatten(leaves))

    def matching(self, pack: object, what: str) -> list[Arr]:
        """The arrays of a pack that must be of this structure, with these shapes and dtypes; not copied."""
        arrays, spec, types = arrays_of(pack, what)
        check_structure(self.spec, spec, what)
        for cell, type in zip(self.cells, types, strict=True):
            check_fits(cell.type, type, cell.name, what)
        return arrays

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def __getitem__(self, index: int | str) -> Cell:
        """The cell at a position, or of a name."""
        if isinstance(index, str):
            found = [c for c in self.cells if c.name == index]
            if not found:
                raise KeyError(f"no parameter {index!r}; there are {', '.join(self.spec.names)}")
            return found[0]
        return self.cells[index]

    def __repr__(self) -> str:
        return "\n".join(["ParamList(", *(f"  {c!r}," for c in self.cells), ")"])


def check_is_pack(value: object) -> None:
    """DTypeError for what is neither a pack nor a tensor."""
    if isinstance(value, np.ndarray) or flatten(value)[1].names:
        return
    if not isinstance(value, Pack | tuple | dict):
        raise DTypeError(
            f"the initial value is {kind_text(value)}, not a pack of tensors",
            loc=user_loc(),
            help=f"make one: {value.__name__}(...)"
            if isinstance(value, type)
            else "pass a pack, tuple or dict of tensors",
            code="SW204",
        )


def check_flags(flags: Flags, names: tuple[str, ...]) -> list[bool]:
    """One flag per parameter. OptionError if a list has another length, with both lengths."""
    if flags is None:
        return [True] * len(names)
    if callable(flags):
        return [bool(flags(n)) for n in names]
    given: Any = flags
    if not isinstance(given, Sequence | np.ndarray) or isinstance(given, str | bytes):
        raise OptionError(
            f"requires_grad is {kind_text(given)}, not flags",
            loc=user_loc(),
            help="give a list of bools, one for each parameter, or a predicate on names",
            code="SW802",
        )
    if len(flags) != len(names):
        raise OptionError(
            f"requires_grad has {count(len(flags), 'flag')} for {count(len(names), 'parameter')}",
            loc=user_loc(),
            details=[f"parameters: {', '.join(names)}"],
            help=f"give {count(len(names), 'flag')}, or a predicate on names",
            code="SW802",
        )
    return [bool(f) for f in flags]


def check_structure(want: Spec, have: Spec, what: str) -> None:
    """Refuse a pack of another structure. ShapeError with what differs."""
    if want != have:
        if len(want.names) != len(have.names):
            detail = f"{len(have.names)} tensors given ({', '.join(have.names)}), {len(want.names)} expected ({', '.join(want.names)})"
        elif want.names != have.names:
            first = next((h, w) for h, w in zip(have.names, want.names, strict=True) if h != w)
            detail = f"{first[0]!r} stands where {first[1]!r} is expected"
        else:
            detail = "same names, but another container class or another constant field"
        raise ShapeError(
            f"the {what} have another structure than the parameters",
            loc=user_loc(),
            details=[detail],
            help="pass a pack of the type of `init`",
            code="SW103",
        )


def check_fits(want: TensorType, have: TensorType, name: str, what: str) -> None:
    """Refuse a tensor of another shape or element type for parameter `name`."""
    have_or_has = "has" if what == "value" else "have"  # one tensor, or those of a pack
    if want.shape != have.shape:
        raise ShapeError(
            f"the {what} for parameter `{name}` {have_or_has} another shape",
            loc=user_loc(),
            details=[f"expected {type_text(want)}", f"got {type_text(have)}"],
            help="a parameter keeps its shape" if what == "value" else "pass a pack of the shapes of `init`",
            code="SW101",
        )
    if want.dtype is not have.dtype:
        raise DTypeError(
            f"the {what} for parameter `{name}` {have_or_has} another element type",
            loc=user_loc(),
            details=[f"expected {want.dtype.value}", f"got {have.dtype.value}"],
            help=f'convert it: .astype("{want.dtype.value}")',
            code="SW203",
        )


def sgd_step(params: ParamList[G], grads: G, *, lr: float) -> None:
    """The reference update `p - lr*g` of the parameters that require gradients; a stale host value is made current first.

    Raises:
        ShapeError, DTypeError: gradients that do not belong to these parameters. OptionError: a bad learning rate.
    """
    from .optim import check_lr

    rate = check_lr(lr)
    given = params.matching(grads, "gradients")
    new = [
        (c, cast("Real", c.read()) - cast("Real", np.asarray(rate, c.dtype)) * cast("Real", g))
        for c, g in zip(params.cells, given, strict=True)
        if c.requires_grad
    ]
    for cell, value in new:
        cell.write(value)


def sgd_step_fused(params: ParamList[G], grads: G, *, lr: float) -> None:
    """`sgd_step` as one compiled pass over all parameters, made at the first call for a list.

    Equal to `sgd_step` to 1 ulp (the multiplication and subtraction may be one instruction).
    """
    from .optim import SGD, check_lr
    from .programs import Compiled, compile_update
    from .train_state import Moments

    rate = check_lr(lr)
    given = params.matching(grads, "gradients")
    if not params.trainable():
        return
    read_all(params.cells)
    compiled = cast("Compiled | None", _fused.get(params))
    if compiled is None:
        compiled = _fused[params] = compile_update("sgd_step_fused", params.trainable(), SGD(), Moments(0, {}))
    used = [g for g, c in zip(given, params.cells, strict=True) if c.requires_grad]
    compiled.executor.run(used, (rate,) * compiled.repeats, (0, 0))
    for cell in params.trainable():
        cell.invalidate()


_fused: WeakKeyDictionary[ParamList[Any], object] = WeakKeyDictionary()
