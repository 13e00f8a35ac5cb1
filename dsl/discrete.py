# mypy: disable-error-code="no-any-return, overload-overlap, overload-cannot-match, misc"
# Interpreters return untyped values; the signatures give the types. mypy compares overloads with their type variables
# erased, where a suffix looks like equal shapes; calls are resolved. misc: a comparison and its reflection overlap.
"""`IntTensor` and `BoolTensor`: siblings of `Tensor`, not subclasses, so that labels never pass as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, TypeVarTuple, overload

from . import alias, methods, movement, orders
from .array import Array, DTypeLike, on_device
from .conversion import construct
from .dispatch import operate
from .indexing import index
from .movement import Axis, reduce

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .tensor import Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
E = TypeVar("E")
M = TypeVar("M")
N = TypeVar("N")
One: TypeAlias = Literal[1]

# Pyrefly takes the first of these for True: what only it reads is in dsl/pyrefly, which says why the second is needed.
TYPE_CHECKING_WITH_PYREFLY: Literal[False] = False
MYPY = False


class IntTensor(Array[*S]):
    """An integer tensor: labels, indices, counts. Arrays of any integer type become int64."""

    __slots__ = ()

    def __init__(self, array: object, dtype: DTypeLike | None = None) -> None:
        construct(self, array, "int", dtype)

    if TYPE_CHECKING:
        if MYPY or TYPE_CHECKING_WITH_PYREFLY:

            def __iter__(self: IntTensor[A, *B]) -> Iterator[IntTensor[*B]]: ...  # pyright: ignore[reportRedeclaration]  for others

        else:  # ty takes a tensor for an iterable by the second

            @overload
            def __iter__(self: IntTensor[A, *B]) -> Iterator[IntTensor[*B]]: ...
            @overload
            def __iter__(self) -> Iterator[Any]: ...
            def __iter__(self) -> Any: ...

        def numpy(self) -> NDArray[np.integer[Any]]: ...

    if not TYPE_CHECKING:

        def __class_getitem__(cls, axes: object) -> object:
            return alias.alias(cls, super().__class_getitem__, axes)

    # ---- arithmetic
    @overload
    def __add__(self: IntTensor[A, One], o: IntTensor[One, C]) -> IntTensor[A, C]: ...
    @overload
    def __add__(self: IntTensor[One, C], o: IntTensor[A, One]) -> IntTensor[A, C]: ...
    @overload
    def __add__(self, o: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
    @overload
    def __add__(self: IntTensor[()], o: IntTensor[*B]) -> IntTensor[*B]: ...
    @overload
    def __add__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> IntTensor[*B, A]: ...
    @overload
    def __add__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __add__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> IntTensor[*B, A, C, E]: ...
    @overload
    def __add__(self: IntTensor[A], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    @overload
    def __add__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __add__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __add__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> IntTensor[A, C, *B]: ...
    @overload
    def __add__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __add__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    def __add__(self, o: Any) -> Any:
        return operate("add", self, o)

    @overload
    def __sub__(self: IntTensor[A, One], o: IntTensor[One, C]) -> IntTensor[A, C]: ...
    @overload
    def __sub__(self: IntTensor[One, C], o: IntTensor[A, One]) -> IntTensor[A, C]: ...
    @overload
    def __sub__(self, o: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
    @overload
    def __sub__(self: IntTensor[()], o: IntTensor[*B]) -> IntTensor[*B]: ...
    @overload
    def __sub__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> IntTensor[*B, A]: ...
    @overload
    def __sub__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __sub__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> IntTensor[*B, A, C, E]: ...
    @overload
    def __sub__(self: IntTensor[A], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    @overload
    def __sub__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __sub__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __sub__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> IntTensor[A, C, *B]: ...
    @overload
    def __sub__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __sub__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    def __sub__(self, o: Any) -> Any:
        return operate("sub", self, o)

    @overload
    def __mul__(self: IntTensor[A, One], o: IntTensor[One, C]) -> IntTensor[A, C]: ...
    @overload
    def __mul__(self: IntTensor[One, C], o: IntTensor[A, One]) -> IntTensor[A, C]: ...
    @overload
    def __mul__(self, o: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
    @overload
    def __mul__(self: IntTensor[()], o: IntTensor[*B]) -> IntTensor[*B]: ...
    @overload
    def __mul__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> IntTensor[*B, A]: ...
    @overload
    def __mul__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __mul__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> IntTensor[*B, A, C, E]: ...
    @overload
    def __mul__(self: IntTensor[A], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    @overload
    def __mul__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> IntTensor[*B, A, C]: ...
    @overload
    def __mul__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __mul__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> IntTensor[A, C, *B]: ...
    @overload
    def __mul__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> IntTensor[A, *B]: ...
    @overload
    def __mul__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
    def __mul__(self, o: Any) -> Any:
        return operate("mul", self, o)

    # ---- comparison: elementwise
    @overload
    def __lt__(self: IntTensor[A, One], o: IntTensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __lt__(self: IntTensor[One, C], o: IntTensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __lt__(self, o: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __lt__(self: IntTensor[()], o: IntTensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __lt__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __lt__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __lt__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __lt__(self: IntTensor[A], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __lt__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __lt__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __lt__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __lt__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __lt__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    def __lt__(self, o: Any) -> Any:
        return operate("less", self, o)

    @overload
    def __le__(self: IntTensor[A, One], o: IntTensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __le__(self: IntTensor[One, C], o: IntTensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __le__(self, o: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __le__(self: IntTensor[()], o: IntTensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __le__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __le__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __le__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __le__(self: IntTensor[A], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __le__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __le__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __le__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __le__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __le__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    def __le__(self, o: Any) -> Any:
        return operate("less_equal", self, o)

    @overload
    def __gt__(self: IntTensor[A, One], o: IntTensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __gt__(self: IntTensor[One, C], o: IntTensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __gt__(self, o: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __gt__(self: IntTensor[()], o: IntTensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __gt__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __gt__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __gt__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __gt__(self: IntTensor[A], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __gt__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __gt__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __gt__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __gt__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __gt__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    def __gt__(self, o: Any) -> Any:
        return operate("greater", self, o)

    @overload
    def __ge__(self: IntTensor[A, One], o: IntTensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __ge__(self: IntTensor[One, C], o: IntTensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __ge__(self, o: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __ge__(self: IntTensor[()], o: IntTensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __ge__(self: IntTensor[*B, A], o: IntTensor[A] | IntTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __ge__(self: IntTensor[*B, A, C], o: IntTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __ge__(self: IntTensor[*B, A, C, E], o: IntTensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __ge__(self: IntTensor[A], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __ge__(self: IntTensor[A, C], o: IntTensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __ge__(self: IntTensor[A, *B], o: IntTensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __ge__(self: IntTensor[A, C, *B], o: IntTensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __ge__(self: IntTensor[One, *B], o: IntTensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __ge__(self: IntTensor[*B, One], o: IntTensor[*B, A]) -> BoolTensor[*B, A]: ...
    def __ge__(self, o: Any) -> Any:
        return operate("greater_equal", self, o)

    def __radd__(self, o: int) -> IntTensor[*S]:
        return operate("add", o, self)

    def __rsub__(self, o: int) -> IntTensor[*S]:
        return operate("sub", o, self)

    def __rmul__(self, o: int) -> IntTensor[*S]:
        return operate("mul", o, self)

    def __neg__(self) -> IntTensor[*S]:
        return operate("neg", self)

    def __pos__(self) -> IntTensor[*S]:
        return self

    def __abs__(self) -> IntTensor[*S]:
        return operate("abs", self)

    # ---- comparison: elementwise
    def __eq__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("equal", self, o)

    def __ne__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("not_equal", self, o)

    def __hash__(self) -> int:
        return id(self)

    # ---- reductions
    @methods.int_reduction
    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Sum over `axis` (int, tuple or None for all)."""
        return reduce("sum", self, axis, keepdims)

    @methods.int_reduction
    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest element over `axis` (int, tuple or None for all)."""
        return reduce("max", self, axis, keepdims)

    @methods.int_reduction
    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Smallest element over `axis` (int, tuple or None for all)."""
        return reduce("min", self, axis, keepdims)

    # ---- movement and indexing
    @property
    def T(self: IntTensor[M, N]) -> IntTensor[N, M]:
        """The transpose of a matrix (axes reversed)."""
        return movement.transpose(self, None)

    @property
    def mT(self: IntTensor[*B, M, N]) -> IntTensor[*B, N, M]:
        """The last two axes exchanged."""
        return movement.swap_last(self)

    @orders.int_transposition
    def transpose(self, *axes: Any) -> Any:
        """Axes in another order: `x.transpose(1, 0)`, `x.transpose((1, 0))`; none reverses them."""
        return movement.transpose(self, movement.order_from(axes))

    if TYPE_CHECKING_WITH_PYREFLY:
        if not MYPY:
            from .pyrefly.indexing import getitem as __getitem__
            from .pyrefly.methods import broadcast_to, reshape
            from .pyrefly.shapes import flatten, squeeze, unsqueeze
    else:

        @overload
        def __getitem__(self: IntTensor[A, *B], key: int) -> IntTensor[*B]: ...
        @overload
        def __getitem__(self: IntTensor[A, *B], key: slice) -> IntTensor[Any, *B]: ...
        @overload
        def __getitem__(self, key: EllipsisType) -> IntTensor[*S]: ...
        @overload
        def __getitem__(self, key: None) -> IntTensor[One, *S]: ...
        @overload
        def __getitem__(self: IntTensor[A, *B], key: IntTensor[N]) -> IntTensor[N, *B]: ...
        @overload
        def __getitem__(self, key: object) -> Any: ...
        def __getitem__(self, key: object) -> Any:
            return index(self, key)

        @methods.resizing
        def reshape(self, *sizes: Any) -> Any:
            """The same elements in another shape: `x.reshape(2, -1)` or `x.reshape((2, -1))`."""
            return movement.reshape(self, movement.sizes_from(sizes))

        def flatten(self, start: int = 0, end: int = -1) -> IntTensor[*tuple[Any, ...]]:
            """Axes `start` to `end` (both included) as one."""
            return movement.flatten(self, start, end)

        @overload
        def squeeze(self: IntTensor[A, *B], axis: Literal[0]) -> IntTensor[*B]: ...
        @overload
        def squeeze(self: IntTensor[*B, A], axis: Literal[-1]) -> IntTensor[*B]: ...
        @overload
        def squeeze(self: IntTensor[A, C, *B], axis: Literal[1]) -> IntTensor[A, *B]: ...
        @overload
        def squeeze(self, axis: Axis = None) -> Any: ...
        def squeeze(self, axis: Any = None) -> Any:
            """Without axes of size 1: all, or the given ones."""
            return movement.squeeze(self, axis)

        @overload
        def unsqueeze(self, axis: Literal[0]) -> IntTensor[One, *S]: ...
        @overload
        def unsqueeze(self, axis: Literal[-1]) -> IntTensor[*S, One]: ...
        @overload
        def unsqueeze(self: IntTensor[A, *B], axis: Literal[1]) -> IntTensor[A, One, *B]: ...
        @overload
        def unsqueeze(self: IntTensor[*B, A], axis: Literal[-2]) -> IntTensor[*B, One, A]: ...
        @overload
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any: ...
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any:
            """With a new axis of size 1 at this place of the result."""
            return movement.unsqueeze(self, axis)

        @methods.resizing
        def broadcast_to(self, *sizes: Any) -> Any:
            """Repeated along axes of size 1 and new leading axes."""
            return movement.broadcast_to(self, movement.sizes_from(sizes))

    def to(self, device: str) -> IntTensor[*S]:
        """The tensor on a device ("cpu")."""
        return on_device(self, device)

    @overload
    def astype(self, dtype: Literal["float32", "float64"]) -> Tensor[*S]: ...
    @overload
    def astype(self, dtype: Literal["int32", "int64", "uint32"]) -> IntTensor[*S]: ...
    @overload
    def astype(self, dtype: Literal["bool"]) -> BoolTensor[*S]: ...
    @overload
    def astype(self, dtype: DTypeLike) -> Any: ...
    def astype(self, dtype: Any) -> Any:
        """The same values as another element type; floats are cut off towards zero where it is an integer.

        The class `float` is the floating type of the program (float32 outside of one).
        """
        return movement.cast_to(self, dtype)


class BoolTensor(Array[*S]):
    """A tensor of conditions, as comparisons make it."""

    __slots__ = ()

    def __init__(self, array: object) -> None:
        construct(self, array, "bool", None)

    if TYPE_CHECKING:
        if MYPY or TYPE_CHECKING_WITH_PYREFLY:

            def __iter__(self: BoolTensor[A, *B]) -> Iterator[BoolTensor[*B]]: ...  # pyright: ignore[reportRedeclaration]  for others

        else:  # ty takes a tensor for an iterable by the second

            @overload
            def __iter__(self: BoolTensor[A, *B]) -> Iterator[BoolTensor[*B]]: ...
            @overload
            def __iter__(self) -> Iterator[Any]: ...
            def __iter__(self) -> Any: ...

        def numpy(self) -> NDArray[np.bool_]: ...

    if not TYPE_CHECKING:

        def __class_getitem__(cls, axes: object) -> object:
            return alias.alias(cls, super().__class_getitem__, axes)

    # ---- logic
    @overload
    def __and__(self, o: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __and__(self: BoolTensor[*B, A], o: BoolTensor[A] | BoolTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __and__(self: BoolTensor[*B, A, C], o: BoolTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    def __and__(self, o: Any) -> Any:
        return operate("logical_and", self, o)

    def __rand__(self, o: bool) -> BoolTensor[*S]:
        return operate("logical_and", o, self)

    @overload
    def __or__(self, o: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __or__(self: BoolTensor[*B, A], o: BoolTensor[A] | BoolTensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __or__(self: BoolTensor[*B, A, C], o: BoolTensor[A, C]) -> BoolTensor[*B, A, C]: ...
    def __or__(self, o: Any) -> Any:
        return operate("logical_or", self, o)

    def __ror__(self, o: bool) -> BoolTensor[*S]:
        return operate("logical_or", o, self)

    def __xor__(self, o: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]:
        return operate("not_equal", self, o)

    def __rxor__(self, o: bool) -> BoolTensor[*S]:
        return operate("not_equal", o, self)

    def __invert__(self) -> BoolTensor[*S]:
        return operate("logical_not", self)

    # ---- comparison: elementwise
    def __eq__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("equal", self, o)

    def __ne__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("not_equal", self, o)

    def __hash__(self) -> int:
        return id(self)

    # ---- reductions
    @methods.condition
    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any element along `axis` is true."""
        return movement.any_true(self, axis, keepdims)

    @methods.condition
    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether every element along `axis` is true."""
        return movement.all_true(self, axis, keepdims)

    # ---- movement and indexing
    @property
    def T(self: BoolTensor[M, N]) -> BoolTensor[N, M]:
        """The transpose of a matrix (axes reversed)."""
        return movement.transpose(self, None)

    @property
    def mT(self: BoolTensor[*B, M, N]) -> BoolTensor[*B, N, M]:
        """The last two axes exchanged."""
        return movement.swap_last(self)

    @orders.bool_transposition
    def transpose(self, *axes: Any) -> Any:
        """Axes in another order: `x.transpose(1, 0)`, `x.transpose((1, 0))`; none reverses them."""
        return movement.transpose(self, movement.order_from(axes))

    if TYPE_CHECKING_WITH_PYREFLY:
        if not MYPY:
            from .pyrefly.indexing import getitem as __getitem__
            from .pyrefly.methods import broadcast_to, reshape
            from .pyrefly.shapes import flatten, squeeze, unsqueeze
    else:

        @overload
        def __getitem__(self: BoolTensor[A, *B], key: int) -> BoolTensor[*B]: ...
        @overload
        def __getitem__(self: BoolTensor[A, *B], key: slice) -> BoolTensor[Any, *B]: ...
        @overload
        def __getitem__(self, key: EllipsisType) -> BoolTensor[*S]: ...
        @overload
        def __getitem__(self, key: None) -> BoolTensor[One, *S]: ...
        @overload
        def __getitem__(self: BoolTensor[A, *B], key: IntTensor[N]) -> BoolTensor[N, *B]: ...
        @overload
        def __getitem__(self, key: object) -> Any: ...
        def __getitem__(self, key: object) -> Any:
            return index(self, key)

        @methods.resizing
        def reshape(self, *sizes: Any) -> Any:
            """The same elements in another shape: `x.reshape(2, -1)` or `x.reshape((2, -1))`."""
            return movement.reshape(self, movement.sizes_from(sizes))

        def flatten(self, start: int = 0, end: int = -1) -> BoolTensor[*tuple[Any, ...]]:
            """Axes `start` to `end` (both included) as one."""
            return movement.flatten(self, start, end)

        @overload
        def squeeze(self: BoolTensor[A, *B], axis: Literal[0]) -> BoolTensor[*B]: ...
        @overload
        def squeeze(self: BoolTensor[*B, A], axis: Literal[-1]) -> BoolTensor[*B]: ...
        @overload
        def squeeze(self: BoolTensor[A, C, *B], axis: Literal[1]) -> BoolTensor[A, *B]: ...
        @overload
        def squeeze(self, axis: Axis = None) -> Any: ...
        def squeeze(self, axis: Any = None) -> Any:
            """Without axes of size 1: all, or the given ones."""
            return movement.squeeze(self, axis)

        @overload
        def unsqueeze(self, axis: Literal[0]) -> BoolTensor[One, *S]: ...
        @overload
        def unsqueeze(self, axis: Literal[-1]) -> BoolTensor[*S, One]: ...
        @overload
        def unsqueeze(self: BoolTensor[A, *B], axis: Literal[1]) -> BoolTensor[A, One, *B]: ...
        @overload
        def unsqueeze(self: BoolTensor[*B, A], axis: Literal[-2]) -> BoolTensor[*B, One, A]: ...
        @overload
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any: ...
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any:
            """With a new axis of size 1 at this place of the result."""
            return movement.unsqueeze(self, axis)

        @methods.resizing
        def broadcast_to(self, *sizes: Any) -> Any:
            """Repeated along axes of size 1 and new leading axes."""
            return movement.broadcast_to(self, movement.sizes_from(sizes))

    def to(self, device: str) -> BoolTensor[*S]:
        """The tensor on a device ("cpu")."""
        return on_device(self, device)

    @overload
    def astype(self, dtype: Literal["float32", "float64"]) -> Tensor[*S]: ...
    @overload
    def astype(self, dtype: Literal["int32", "int64", "uint32"]) -> IntTensor[*S]: ...
    @overload
    def astype(self, dtype: Literal["bool"]) -> BoolTensor[*S]: ...
    @overload
    def astype(self, dtype: DTypeLike) -> Any: ...
    def astype(self, dtype: Any) -> Any:
        """The same values as another element type; floats are cut off towards zero where it is an integer.

        The class `float` is the floating type of the program (float32 outside of one).
        """
        return movement.cast_to(self, dtype)


# ---- operators that a kind does not have
_OPERATORS = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul"}


def _refusing(method: str, op: str, reflected: bool) -> Callable[[object, object], Any]:
    """An operator that ends in the DTypeError of the operation, which says which cast to write."""

    def operator(self: object, other: object) -> Any:
        return operate(op, other, self) if reflected else operate(op, self, other)

    operator.__name__ = method
    operator.__code__ = operator.__code__.replace(co_name=method)  # messages tell by it which operand is `self`
    return operator


def _complete(cls: type[Any]) -> None:
    """Give `cls` the arithmetic operators it lacks: a checker refuses them, and so do they at run time."""
    for name, op in _OPERATORS.items():
        for method, reflected in ((f"__{name}__", False), (f"__r{name}__", True)):
            if method not in vars(cls):
                setattr(cls, method, _refusing(method, op, reflected))


_complete(IntTensor)
_complete(BoolTensor)
