# This module is where the representation lives; others use its functions.
# pyright: reportPrivateUsage=false
"""`Array`: the common base of the tensor classes. What it is (type, value, interpreter), conversions and printing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar, TypeVarTuple, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeIs

from ..compiler.errors import DeviceError, DTypeError, ShapeError, TraceError
from ..compiler.ir.graph import Node
from ..compiler.loc import user_loc
from ..compiler.sizes import Size
from ..compiler.types import DType, TensorType
from .interpreters import Ops

S = TypeVarTuple("S")
Arr: TypeAlias = "NDArray[np.generic]"
# An element type by its name, its NumPy type, or a class of Python: `int` (int64), `bool`, `float` (the program's).
DTypeLike: TypeAlias = "str | DType | np.dtype[np.generic] | type[np.generic] | type[float]"


class Remote(ABC):
    """A value in the memory of a device, in the place of a NumPy array; it is copied to the host when it is read."""

    __slots__ = ()

    @abstractmethod
    def fetch(self) -> Arr:
        """The value as an array of the host."""


class Array(Generic[*S]):
    """A tensor of any kind: an element type, sizes with axis names, and a value.

    A concrete tensor holds a NumPy array; a recorded one holds a value of its interpreter. Tensors do not change.
    """

    __slots__ = ("__weakref__", "_ops", "_type", "_value")

    _type: TensorType
    _value: object
    _ops: Ops[Any] | None

    # ---- facts
    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes. While recording, a run-time size stands for a number and computes like one."""
        return cast("tuple[int, ...]", self._type.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Element type, as NumPy's."""
        return self._type.dtype.numpy

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._type.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        count: Size = 1
        for s in self._type.shape:
            count = count * s
        return cast("int", count)

    @property
    def device(self) -> str:
        """Where the value is: "cpu"."""
        return "cpu"

    @property
    def names(self) -> tuple[str | None, ...]:
        """Axis names as messages show them; None for an axis without one."""
        return self._type.names

    # ---- values
    def numpy(self) -> NDArray[Any]:
        """The value as a NumPy array that cannot be written to. TraceError if it is only recorded."""
        if self._ops is not None:
            self._no_value(".numpy()")
        view = self._host().view()
        view.flags.writeable = False
        return view

    def item(self) -> float:
        """The value of a tensor of one element, as a Python number. TraceError if it is only recorded."""
        return cast("float", self._single(".item()"))

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        return self.numpy().tolist()

    def __bool__(self) -> bool:
        return bool(self._single("`if`, `while`, `and`, `or`, `not` or bool()"))

    def __int__(self) -> int:
        return int(cast("float", self._single("int()")))

    def __index__(self: Array[()]) -> int:
        if self._type.dtype.is_float:
            raise DTypeError(
                f"a {type_text(self._type)} is no index",
                loc=user_loc(),
                details=["an index is an integer"],
                code="SW203",
            )
        return int(cast("int", self._single("as an index")))

    if not TYPE_CHECKING:  # where Tensor has it, and integers have __index__

        def __float__(self) -> float:
            return float(self._single("float()"))

        def __setitem__(self, key: object, value: object) -> NoReturn:
            raise DTypeError(
                f"a {type_text(self._type)} does not change: it has no assignment to elements",
                loc=user_loc(),
                help="make a new one: sw.where(condition, a, b), sw.scatter_add(x, index, updates, axis) or sw.concat",
                code="SW204",
            )

    def __round__(self: Array[()], ndigits: int | None = None) -> float:
        return round(cast("float", self._single("round()")), ndigits)

    def __complex__(self: Array[()]) -> complex:
        return complex(cast("float", self._single("complex()")))

    def __len__(self) -> int:
        if not self._type.shape:
            raise ShapeError("a scalar has no len()", loc=user_loc(), code="SW103")
        return int(self._type.shape[0])

    def __iter__(self) -> Iterator[Any]:
        """The slices along the first axis."""
        from .indexing import index

        return iter([index(self, i) for i in range(len(self))])

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> NDArray[Any]:
        if self._ops is not None:
            self._no_value("a NumPy function")
        if copy is False:
            return np.asarray(self.numpy(), dtype)
        return np.array(self.numpy(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Any:
        from .numpy_functions import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        from .numpy_functions import apply_function

        return apply_function(func, types, args, kwargs)

    def __dlpack__(self, **options: Any) -> Any:
        if self._ops is not None:
            self._no_value("DLPack")
        return cast("Any", np.array(self.numpy())).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def _single(self, what: str) -> object:
        if self._ops is not None:
            self._no_value(what)
        value = self._host()
        if value.size != 1:
            from .truth import instead_of_one

            raise ShapeError(
                f"{what} needs a tensor of one element, this is {type_text(self._type)}",
                loc=user_loc(),
                help=instead_of_one(what, self._type),
                code="SW103",
            )
        return value.item()

    def _host(self) -> Arr:
        return self._value.fetch() if isinstance(self._value, Remote) else cast("Arr", self._value)

    def _no_value(self, what: str) -> NoReturn:
        from .truth import instead_of_syntax

        told = _INSTEAD.get(what.rstrip("()"), _INSTEAD_OF_ANY)
        raise TraceError(
            f"{what}: this {type_text(self._type)} has no value while the function is recorded",
            loc=user_loc(),
            help=(instead_of_syntax() or _INSTEAD_OF_IF) if what.startswith("`if`") else told,
            code="SW401",
        )

    # ---- identity and text
    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        head = type_text(self._type)
        if self._ops is not None:
            return f"{head}(recorded, {self._type.dtype.value})"
        text = np.array2string(self._host(), separator=", ", prefix=" " * 2, threshold=100)
        body = f"\n  {text},\n  " if "\n" in text else f"{text}, "
        return f"{head}({body}{self._type.dtype.value})"

    def __format__(self, spec: str) -> str:
        if not spec or self._ops is not None:
            return repr(self)
        return format(self._single("a number format"), spec)


_INSTEAD_OF_IF = "choose per element with sw.where(condition, a, b), or pass the condition as a static argument"
_INSTEAD_OF_ANY = "use sw functions on the tensor, or return it and read it outside"
_INSTEAD = {
    ".item": "keep it as a tensor: a scalar takes part in arithmetic, and sw.where chooses by it",
    "float": "keep it as a tensor (convert with .astype), or return it and read it outside",
    "int": 'keep it as a tensor: x.astype("int64"); a size that depends on values must be a static argument',
    "round": "use sw.round, or return it and round it outside",
    "as an index": "index with sw.take(x, i, axis=0), or pass the index as a static argument",
}


# ---- kinds and making tensors
AnyArray: TypeAlias = "Array[*tuple[Any, ...]]"
_CLASSES: dict[str, type[AnyArray]] = {}


def is_array(x: object) -> TypeIs[AnyArray]:
    """Whether `x` is a tensor of any kind."""
    return isinstance(x, Array)


def register_classes(classes: Mapping[str, type[AnyArray]]) -> None:
    """Tell `make` the class of each kind: "float", "int", "bool"."""
    _CLASSES.update(classes)


def kind_of(dtype: DType) -> str:
    return "float" if dtype.is_float else "bool" if dtype is DType.bool else "int"


def make(type: TensorType, value: object, ops: Ops[Any] | None) -> AnyArray:
    """A tensor of the class of its element type. `ops` None: concrete, `value` is a NumPy array (kept, not copied)."""
    return fill(_CLASSES[kind_of(type.dtype)], type, value, ops)


A = TypeVar("A", bound="Array[*tuple[Any, ...]]")


def fill(cls: type[A], type: TensorType, value: object, ops: Ops[Any] | None) -> A:
    """A tensor of the class `cls`, without any check."""
    x = cls.__new__(cls)
    x._type, x._value, x._ops = type, value, ops
    return x


def type_of(x: AnyArray) -> TensorType:
    """Element type, sizes and axis names."""
    return x._type


def value_of(x: AnyArray) -> object:
    """What the interpreter holds for the tensor."""
    return x._value


def ops_of(x: AnyArray) -> Ops[Any] | None:
    """The interpreter a recorded tensor belongs to, None if it is concrete."""
    return x._ops


def with_names(x: A, names: tuple[str | None, ...]) -> A:
    """The same value with other axis names."""
    t = x._type
    if isinstance(x._value, Node):
        x._value.name_axes(names)
    return fill(type(x), TensorType(t.dtype, t.shape, names), x._value, x._ops)


def with_type(x: AnyArray, value: Arr) -> AnyArray:
    """A concrete tensor with the axis names of `x` where its rank allows."""
    names = x._type.names if len(x._type.names) == value.ndim else ()
    return make(TensorType(DType.of(value.dtype), value.shape, names), value, None)


# ---- text
KIND_NAMES = {"float": "Tensor", "int": "IntTensor", "bool": "BoolTensor"}


def type_text(t: TensorType, example: Callable[[Size], int] | None = None) -> str:
    """`Tensor[Batch=32, 10]`; `example` turns symbolic sizes into numbers."""
    axes: list[str] = []
    for name, size in zip(t.names, t.shape, strict=True):
        text = str(size if example is None else example(size))
        axes.append(text if name is None or name == text else f"{name}={text}")
    return f"{KIND_NAMES[kind_of(t.dtype)]}[{', '.join(axes) or '()'}]"


def on_device(x: A, device: str) -> A:
    """The tensor on a device. DeviceError if there is no such device for tensors."""
    if device != "cpu":
        raise DeviceError(
            f"tensors live on the cpu; there is no tensor on {device!r}",
            loc=user_loc(),
            help="a trainer moves what it needs: sw.Options(device=...)",
            code="SW601",
        )
    return x


def single(x: AnyArray, what: str) -> float:
    """The value of a tensor of one element. TraceError if it is only recorded."""
    return cast("float", x._single(what))
