"""Element types and tensor types: what every value in a program is."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from enum import Enum
from typing import final

import numpy as np

from .errors import DTypeError
from .sizes import Shape, Size


@final
class DType(Enum):
    """Element type; the value is NumPy's name for it."""

    bool = "bool"
    int32 = "int32"
    int64 = "int64"
    uint32 = "uint32"
    float32 = "float32"
    float64 = "float64"

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """NumPy's dtype."""
        return np.dtype(self.value)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.numpy.itemsize

    @property
    def is_float(self) -> builtins.bool:
        """Whether it is a floating type."""
        return self in (DType.float32, DType.float64)

    @property
    def is_int(self) -> builtins.bool:
        """Whether it is an integer type."""
        return self in (DType.int32, DType.int64, DType.uint32)

    @property
    def short(self) -> str:
        """As in listings: f32, i64, b1, ..."""
        return {"bool": "b1"}.get(self.value, self.value.replace("uint", "u").replace("float", "f").replace("int", "i"))

    @property
    def eps(self) -> float:
        """Distance from 1 to the next larger number of this type."""
        return float(np.finfo(self.value).eps)

    @staticmethod
    def of(dtype: np.dtype[np.generic]) -> DType:
        """The element type of a NumPy dtype; others (complex, object, float16, ...) are refused."""
        try:
            return DType(dtype.name)
        except ValueError:
            name = {"U": "str", "S": "bytes", "O": "object"}.get(dtype.kind, dtype.name)
            raise DTypeError(
                f"element type {name} is not supported",
                details=[f"element types are {', '.join(d.value for d in DType)}"],
                code="SW201",
            ) from None


@final
@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type, sizes, and the axis names the user gave (labels: they do not take part in equality)."""

    dtype: DType
    shape: Shape
    names: tuple[str | None, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.names) != len(self.shape):
            names = (self.names + (None,) * len(self.shape))[: len(self.shape)]
            object.__setattr__(self, "names", names)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __str__(self) -> str:
        axes = [_axis(n, s) for n, s in zip(self.names, self.shape, strict=True)]
        return f"{self.dtype.short}[{', '.join(axes)}]"


def _axis(name: str | None, size: Size) -> str:
    if name is None or name == str(size):
        return str(size)
    return f"{name}={size}"
