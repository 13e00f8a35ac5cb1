# mypy: disable-error-code="no-any-return, overload-overlap, overload-cannot-match, misc"
# Interpreters return untyped values; the signatures give the types. mypy compares overloads with their type variables
# erased, where a suffix looks like equal shapes; calls are resolved. misc: a comparison and its reflection overlap.
"""`Tensor`, the floating kind: operators, methods, constructors. Its siblings are `IntTensor` and `BoolTensor`.

Typed broadcasts are those a checker can follow: equal shapes, a trailing suffix, a scalar, an axis of size 1 on one side. Two
axes of size 1 that face each other come first: where the other axis is `Any`, it would fit the 1 in a later signature.
Anything else runs, and is `Any` or an error to a checker: write `broadcast_to`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, TypeVarTuple, overload

from . import alias, creation, methods, movement, orders
from .array import Arr, DTypeLike, on_device, register_classes, single
from .array import Array as Array
from .array import make as make
from .conversion import as_array as as_array
from .conversion import construct
from .discrete import BoolTensor as BoolTensor
from .discrete import IntTensor as IntTensor
from .dispatch import operate
from .indexing import index
from .movement import Axis, reduce

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .families import Number, Raw
    from .key import Key

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
E = TypeVar("E")
K = TypeVar("K")
M = TypeVar("M")
N = TypeVar("N")
One: TypeAlias = Literal[1]

# Pyrefly takes the first of these for True: what only it reads is in dsl/pyrefly, which says why the second is needed.
TYPE_CHECKING_WITH_PYREFLY: Literal[False] = False
MYPY = False


class Tensor(Array[*S]):
    """A floating tensor. `Tensor[Batch, Pixels](array)` checks rank, sizes and kind; `Tensor(array)` the kind only.

    array: numbers, nested lists, anything with `__array__` or DLPack (copied). Python numbers become float32; arrays
    keep their width.

    Raises:
        DTypeError: an array of another kind, or no array. ShapeError: another rank or size than the axes say.
    """

    __slots__ = ()

    def __init__(self, array: object, dtype: DTypeLike | None = None) -> None:
        construct(self, array, "float", dtype)

    if TYPE_CHECKING:
        if MYPY or TYPE_CHECKING_WITH_PYREFLY:

            def __iter__(self: Tensor[A, *B]) -> Iterator[Tensor[*B]]: ...  # pyright: ignore[reportRedeclaration]  for others

        else:  # ty takes a tensor for an iterable by the second

            @overload
            def __iter__(self: Tensor[A, *B]) -> Iterator[Tensor[*B]]: ...
            @overload
            def __iter__(self) -> Iterator[Any]: ...
            def __iter__(self) -> Any: ...

        def numpy(self) -> NDArray[np.floating[Any]]: ...

    if not TYPE_CHECKING:

        def __class_getitem__(cls, axes: object) -> object:
            return alias.alias(cls, super().__class_getitem__, axes)

    # ---- constructors
    @classmethod
    def zeros(cls, *, shape: tuple[int, ...] | None = None, dtype: DTypeLike | None = None) -> Tensor[*S]:
        """Zeros. The sizes come from the axes, or from `shape` where an axis has none."""
        return cls.full(0.0, shape=alias.shape_given(cls, shape, "zeros"), dtype=dtype)

    @classmethod
    def ones(cls, *, shape: tuple[int, ...] | None = None, dtype: DTypeLike | None = None) -> Tensor[*S]:
        """Ones."""
        return cls.full(1.0, shape=alias.shape_given(cls, shape, "ones"), dtype=dtype)

    @classmethod
    def full(cls, value: float, *, shape: tuple[int, ...] | None = None, dtype: DTypeLike | None = None) -> Tensor[*S]:
        """One value everywhere."""
        sizes = alias.shape_given(cls, shape, "full")
        return alias.constructed(cls, creation.filled(float(value), sizes, creation.floating(dtype)))

    @classmethod
    def normal(
        cls,
        *,
        std: float = 1.0,
        mean: float = 0.0,
        key: int | Key = 0,
        shape: tuple[int, ...] | None = None,
        dtype: DTypeLike | None = None,
    ) -> Tensor[*S]:
        """Normal numbers with the given mean and standard deviation; the same key gives the same numbers."""
        sizes = alias.shape_given(cls, shape, "normal")
        return alias.constructed(cls, creation.drawn("normal", sizes, dtype, key, mean=float(mean), std=float(std)))

    @classmethod
    def uniform(
        cls,
        *,
        low: float = 0.0,
        high: float = 1.0,
        key: int | Key = 0,
        shape: tuple[int, ...] | None = None,
        dtype: DTypeLike | None = None,
    ) -> Tensor[*S]:
        """Numbers spread evenly over [low, high)."""
        sizes = alias.shape_given(cls, shape, "uniform")
        return alias.constructed(cls, creation.drawn("uniform", sizes, dtype, key, low=float(low), high=float(high)))

    # ---- arithmetic
    @overload
    def __add__(self: Tensor[A, One], o: Tensor[One, C]) -> Tensor[A, C]: ...
    @overload
    def __add__(self: Tensor[One, C], o: Tensor[A, One]) -> Tensor[A, C]: ...
    @overload
    def __add__(self, o: Number | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
    @overload
    def __add__(self: Tensor[()], o: Tensor[*B]) -> Tensor[*B]: ...
    @overload
    def __add__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> Tensor[*B, A]: ...
    @overload
    def __add__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __add__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> Tensor[*B, A, C, E]: ...
    @overload
    def __add__(self: Tensor[A], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __add__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __add__(self: Tensor[A, *B], o: Tensor[One, *B]) -> Tensor[A, *B]: ...
    @overload
    def __add__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> Tensor[A, C, *B]: ...
    @overload
    def __add__(self: Tensor[One, *B], o: Tensor[A, *B]) -> Tensor[A, *B]: ...
    @overload
    def __add__(self: Tensor[*B, One], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __add__(self, o: Raw) -> Any: ...
    def __add__(self, o: Any) -> Any:
        return operate("add", self, o)

    @overload
    def __sub__(self: Tensor[A, One], o: Tensor[One, C]) -> Tensor[A, C]: ...
    @overload
    def __sub__(self: Tensor[One, C], o: Tensor[A, One]) -> Tensor[A, C]: ...
    @overload
    def __sub__(self, o: Number | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
    @overload
    def __sub__(self: Tensor[()], o: Tensor[*B]) -> Tensor[*B]: ...
    @overload
    def __sub__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> Tensor[*B, A]: ...
    @overload
    def __sub__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __sub__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> Tensor[*B, A, C, E]: ...
    @overload
    def __sub__(self: Tensor[A], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __sub__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __sub__(self: Tensor[A, *B], o: Tensor[One, *B]) -> Tensor[A, *B]: ...
    @overload
    def __sub__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> Tensor[A, C, *B]: ...
    @overload
    def __sub__(self: Tensor[One, *B], o: Tensor[A, *B]) -> Tensor[A, *B]: ...
    @overload
    def __sub__(self: Tensor[*B, One], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __sub__(self, o: Raw) -> Any: ...
    def __sub__(self, o: Any) -> Any:
        return operate("sub", self, o)

    @overload
    def __mul__(self: Tensor[A, One], o: Tensor[One, C]) -> Tensor[A, C]: ...
    @overload
    def __mul__(self: Tensor[One, C], o: Tensor[A, One]) -> Tensor[A, C]: ...
    @overload
    def __mul__(self, o: Number | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
    @overload
    def __mul__(self: Tensor[()], o: Tensor[*B]) -> Tensor[*B]: ...
    @overload
    def __mul__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> Tensor[*B, A]: ...
    @overload
    def __mul__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __mul__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> Tensor[*B, A, C, E]: ...
    @overload
    def __mul__(self: Tensor[A], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __mul__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __mul__(self: Tensor[A, *B], o: Tensor[One, *B]) -> Tensor[A, *B]: ...
    @overload
    def __mul__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> Tensor[A, C, *B]: ...
    @overload
    def __mul__(self: Tensor[One, *B], o: Tensor[A, *B]) -> Tensor[A, *B]: ...
    @overload
    def __mul__(self: Tensor[*B, One], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __mul__(self, o: Raw) -> Any: ...
    def __mul__(self, o: Any) -> Any:
        return operate("mul", self, o)

    @overload
    def __truediv__(self: Tensor[A, One], o: Tensor[One, C]) -> Tensor[A, C]: ...
    @overload
    def __truediv__(self: Tensor[One, C], o: Tensor[A, One]) -> Tensor[A, C]: ...
    @overload
    def __truediv__(self, o: Number | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
    @overload
    def __truediv__(self: Tensor[()], o: Tensor[*B]) -> Tensor[*B]: ...
    @overload
    def __truediv__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> Tensor[*B, A]: ...
    @overload
    def __truediv__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __truediv__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> Tensor[*B, A, C, E]: ...
    @overload
    def __truediv__(self: Tensor[A], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __truediv__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> Tensor[*B, A, C]: ...
    @overload
    def __truediv__(self: Tensor[A, *B], o: Tensor[One, *B]) -> Tensor[A, *B]: ...
    @overload
    def __truediv__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> Tensor[A, C, *B]: ...
    @overload
    def __truediv__(self: Tensor[One, *B], o: Tensor[A, *B]) -> Tensor[A, *B]: ...
    @overload
    def __truediv__(self: Tensor[*B, One], o: Tensor[*B, A]) -> Tensor[*B, A]: ...
    @overload
    def __truediv__(self, o: Raw) -> Any: ...
    def __truediv__(self, o: Any) -> Any:
        return operate("div", self, o)

    # ---- comparison: elementwise
    @overload
    def __lt__(self: Tensor[A, One], o: Tensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __lt__(self: Tensor[One, C], o: Tensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __lt__(self, o: Number | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __lt__(self: Tensor[()], o: Tensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __lt__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __lt__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __lt__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __lt__(self: Tensor[A], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __lt__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __lt__(self: Tensor[A, *B], o: Tensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __lt__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __lt__(self: Tensor[One, *B], o: Tensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __lt__(self: Tensor[*B, One], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __lt__(self, o: Raw) -> Any: ...
    def __lt__(self, o: Any) -> Any:
        return operate("less", self, o)

    @overload
    def __le__(self: Tensor[A, One], o: Tensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __le__(self: Tensor[One, C], o: Tensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __le__(self, o: Number | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __le__(self: Tensor[()], o: Tensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __le__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __le__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __le__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __le__(self: Tensor[A], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __le__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __le__(self: Tensor[A, *B], o: Tensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __le__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __le__(self: Tensor[One, *B], o: Tensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __le__(self: Tensor[*B, One], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __le__(self, o: Raw) -> Any: ...
    def __le__(self, o: Any) -> Any:
        return operate("less_equal", self, o)

    @overload
    def __gt__(self: Tensor[A, One], o: Tensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __gt__(self: Tensor[One, C], o: Tensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __gt__(self, o: Number | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __gt__(self: Tensor[()], o: Tensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __gt__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __gt__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __gt__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __gt__(self: Tensor[A], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __gt__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __gt__(self: Tensor[A, *B], o: Tensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __gt__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __gt__(self: Tensor[One, *B], o: Tensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __gt__(self: Tensor[*B, One], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __gt__(self, o: Raw) -> Any: ...
    def __gt__(self, o: Any) -> Any:
        return operate("greater", self, o)

    @overload
    def __ge__(self: Tensor[A, One], o: Tensor[One, C]) -> BoolTensor[A, C]: ...
    @overload
    def __ge__(self: Tensor[One, C], o: Tensor[A, One]) -> BoolTensor[A, C]: ...
    @overload
    def __ge__(self, o: Number | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
    @overload
    def __ge__(self: Tensor[()], o: Tensor[*B]) -> BoolTensor[*B]: ...
    @overload
    def __ge__(self: Tensor[*B, A], o: Tensor[A] | Tensor[*B, One]) -> BoolTensor[*B, A]: ...
    @overload
    def __ge__(self: Tensor[*B, A, C], o: Tensor[A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __ge__(self: Tensor[*B, A, C, E], o: Tensor[A, C, E]) -> BoolTensor[*B, A, C, E]: ...
    @overload
    def __ge__(self: Tensor[A], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __ge__(self: Tensor[A, C], o: Tensor[*B, A, C]) -> BoolTensor[*B, A, C]: ...
    @overload
    def __ge__(self: Tensor[A, *B], o: Tensor[One, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __ge__(self: Tensor[A, C, *B], o: Tensor[A, One, *B]) -> BoolTensor[A, C, *B]: ...
    @overload
    def __ge__(self: Tensor[One, *B], o: Tensor[A, *B]) -> BoolTensor[A, *B]: ...
    @overload
    def __ge__(self: Tensor[*B, One], o: Tensor[*B, A]) -> BoolTensor[*B, A]: ...
    @overload
    def __ge__(self, o: Raw) -> Any: ...
    def __ge__(self, o: Any) -> Any:
        return operate("greater_equal", self, o)

    def __radd__(self, o: float) -> Tensor[*S]:
        return operate("add", o, self)

    def __rsub__(self, o: float) -> Tensor[*S]:
        return operate("sub", o, self)

    def __rmul__(self, o: float) -> Tensor[*S]:
        return operate("mul", o, self)

    def __rtruediv__(self, o: float) -> Tensor[*S]:
        return operate("div", o, self)

    def __pow__(self, o: Number | Tensor[*S] | Tensor[()]) -> Tensor[*S]:
        return operate("pow", self, o)

    def __rpow__(self, o: float) -> Tensor[*S]:
        return operate("pow", o, self)

    def __neg__(self) -> Tensor[*S]:
        return operate("neg", self)

    def __pos__(self) -> Tensor[*S]:
        return self

    def __abs__(self) -> Tensor[*S]:
        return operate("abs", self)

    @overload
    def __matmul__(self: Tensor[K], o: Tensor[K]) -> Tensor[()]: ...
    @overload
    def __matmul__(self: Tensor[*B, M, K], o: Tensor[K]) -> Tensor[*B, M]: ...
    @overload
    def __matmul__(self: Tensor[*B, M, K], o: Tensor[K, N]) -> Tensor[*B, M, N]: ...
    @overload
    def __matmul__(self: Tensor[*B, M, K], o: Tensor[*B, K, N]) -> Tensor[*B, M, N]: ...
    @overload
    def __matmul__(self: Tensor[K], o: Tensor[*B, K, N]) -> Tensor[*B, N]: ...
    @overload
    def __matmul__(self: Tensor[M, K], o: Tensor[*B, K, N]) -> Tensor[*B, M, N]: ...
    @overload
    def __matmul__(self, o: Raw) -> Any: ...
    def __matmul__(self, o: Any) -> Any:
        return operate("matmul", self, o)

    def __rmatmul__(self, o: Arr) -> Any:  # a tensor here would accept every wrong product
        return operate("matmul", o, self)

    # ---- comparison: elementwise
    def __eq__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("equal", self, o)

    def __ne__(self, o: object) -> BoolTensor[*S]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - elementwise
        return operate("not_equal", self, o)

    def __hash__(self) -> int:
        return id(self)

    def __float__(self: Tensor[()]) -> float:
        """The value of a tensor of one element. TraceError if it is only recorded."""
        return single(self, "float()")

    # ---- reductions
    @methods.reduction
    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Sum over `axis` (int, tuple or None for all)."""
        return reduce("sum", self, axis, keepdims)

    @methods.reduction
    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Mean over `axis` (int, tuple or None for all)."""
        return reduce("mean", self, axis, keepdims)

    @methods.reduction
    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest element over `axis` (int, tuple or None for all)."""
        return reduce("max", self, axis, keepdims)

    @methods.reduction
    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Smallest element over `axis` (int, tuple or None for all)."""
        return reduce("min", self, axis, keepdims)

    @methods.index_reduction
    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Index of the largest element (the first of equal ones); `axis` None: of the flattened tensor."""
        return reduce("argmax", self, axis, keepdims)

    # ---- movement and indexing
    @property
    def T(self: Tensor[M, N]) -> Tensor[N, M]:
        """The transpose of a matrix (axes reversed)."""
        return movement.transpose(self, None)

    @property
    def mT(self: Tensor[*B, M, N]) -> Tensor[*B, N, M]:
        """The last two axes exchanged."""
        return movement.swap_last(self)

    @orders.transposition
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
        def __getitem__(self: Tensor[A, *B], key: int) -> Tensor[*B]: ...
        @overload
        def __getitem__(self: Tensor[A, *B], key: slice) -> Tensor[Any, *B]: ...
        @overload
        def __getitem__(self, key: EllipsisType) -> Tensor[*S]: ...
        @overload
        def __getitem__(self, key: None) -> Tensor[One, *S]: ...
        @overload
        def __getitem__(self: Tensor[A, *B], key: IntTensor[N]) -> Tensor[N, *B]: ...
        @overload
        def __getitem__(self: Tensor[A, C, *B], key: tuple[int, int]) -> Tensor[*B]: ...
        @overload
        def __getitem__(self: Tensor[A, C, *B], key: tuple[slice, int] | tuple[int, slice]) -> Tensor[Any, *B]: ...
        @overload
        def __getitem__(self: Tensor[A, C, *B], key: tuple[slice, slice]) -> Tensor[Any, Any, *B]: ...
        @overload
        def __getitem__(self: Tensor[*B, A], key: tuple[EllipsisType, int]) -> Tensor[*B]: ...
        @overload
        def __getitem__(self: Tensor[*B, A], key: tuple[EllipsisType, slice]) -> Tensor[*B, Any]: ...
        @overload
        def __getitem__(self, key: object) -> Any: ...
        def __getitem__(self, key: object) -> Any:
            return index(self, key)

        @methods.resizing
        def reshape(self, *sizes: Any) -> Any:
            """The same elements in another shape: `x.reshape(2, -1)` or `x.reshape((2, -1))`."""
            return movement.reshape(self, movement.sizes_from(sizes))

        def flatten(self, start: int = 0, end: int = -1) -> Tensor[*tuple[Any, ...]]:
            """Axes `start` to `end` (both included) as one."""
            return movement.flatten(self, start, end)

        @overload
        def squeeze(self: Tensor[A, *B], axis: Literal[0]) -> Tensor[*B]: ...
        @overload
        def squeeze(self: Tensor[*B, A], axis: Literal[-1]) -> Tensor[*B]: ...
        @overload
        def squeeze(self: Tensor[A, C, *B], axis: Literal[1]) -> Tensor[A, *B]: ...
        @overload
        def squeeze(self, axis: Axis = None) -> Any: ...
        def squeeze(self, axis: Any = None) -> Any:
            """Without axes of size 1: all, or the given ones."""
            return movement.squeeze(self, axis)

        @overload
        def unsqueeze(self, axis: Literal[0]) -> Tensor[One, *S]: ...
        @overload
        def unsqueeze(self, axis: Literal[-1]) -> Tensor[*S, One]: ...
        @overload
        def unsqueeze(self: Tensor[A, *B], axis: Literal[1]) -> Tensor[A, One, *B]: ...
        @overload
        def unsqueeze(self: Tensor[*B, A], axis: Literal[-2]) -> Tensor[*B, One, A]: ...
        @overload
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any: ...
        def unsqueeze(self, axis: int | tuple[int, ...]) -> Any:
            """With a new axis of size 1 at this place of the result."""
            return movement.unsqueeze(self, axis)

        @methods.resizing
        def broadcast_to(self, *sizes: Any) -> Any:
            """Repeated along axes of size 1 and new leading axes."""
            return movement.broadcast_to(self, movement.sizes_from(sizes))

    def to(self, device: str) -> Tensor[*S]:
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


Scalar = Tensor[()]
register_classes({"float": Tensor, "int": IntTensor, "bool": BoolTensor})
