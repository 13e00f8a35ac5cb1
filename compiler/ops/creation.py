"""Creation: values that have no operand."""

from __future__ import annotations

import numpy as np

from ..errors import DTypeError
from ..ir.attrs import Attrs, AttrValue
from ..types import DType, TensorType
from .opdef import OpDef, Sample, Special
from .refs import with_attrs
from .shapes import Types, arity, check_axes


def does_not_fit(dtype: DType) -> DTypeError:
    """The error for a number that an element type does not have."""
    if dtype.is_float:
        return DTypeError(f"an integer that is too large for {dtype.value}", code="SW203")
    info = np.iinfo(dtype.value)
    text = f"{dtype.value} has the numbers from {info.min} to {info.max}"
    return DTypeError(f"an integer that does not fit {dtype.value}", details=[text], code="SW203")


# ---- shape rules
def _infer_const(types: Types, attrs: Attrs) -> TensorType:
    arity("const", types, 0)
    _const_ref(attrs)
    return TensorType(DType(attrs.str("dtype")), ())


def _infer_size(types: Types, attrs: Attrs) -> TensorType:
    arity("size", types, 0)
    return TensorType(DType(attrs.str("dtype")), ())


def _infer_iota(types: Types, attrs: Attrs) -> TensorType:
    arity("iota", types, 0)
    out = TensorType(DType(attrs.str("dtype")), attrs.sizes("shape"))
    check_axes("iota", out, (attrs.int("axis"),))
    return out


# ---- references
def _const_ref(attrs: Attrs) -> object:
    try:
        return np.asarray(attrs["value"], dtype=attrs.str("dtype"))
    except OverflowError:
        raise does_not_fit(DType(attrs.str("dtype"))) from None


def _size_ref(attrs: Attrs) -> object:
    return np.asarray(int(attrs.size("size")), dtype=attrs.str("dtype"))


def _iota_ref(attrs: Attrs) -> object:
    shape, axis = attrs.ints("shape"), attrs.int("axis")
    along = np.arange(shape[axis], dtype=attrs.str("dtype"))
    return np.broadcast_to(along.reshape([-1 if a == axis else 1 for a in range(len(shape))]), shape)


# ---- the family
def _f(**attrs: AttrValue) -> Sample:
    return Sample((), Attrs(attrs))


CREATION: tuple[OpDef, ...] = (
    OpDef(
        "const",
        _infer_const,
        None,
        None,
        Special("const"),
        with_attrs(_const_ref),
        (_f(value=2.5, dtype="float32"), _f(value=3, dtype="int64"), _f(value=True, dtype="bool")),
        "A number known now, of rank 0.",
    ),
    OpDef(
        "size",
        _infer_size,
        None,
        None,
        Special("size"),
        with_attrs(_size_ref),
        (_f(size=12, dtype="float32"), _f(size=12, dtype="int64")),
        "A size, possibly known only at run time, as a number of rank 0.",
    ),
    OpDef(
        "iota",
        _infer_iota,
        None,
        None,
        Special("iota"),
        with_attrs(_iota_ref),
        (
            _f(shape=(3, 4), axis=1, dtype="int64"),
            _f(shape=(5,), axis=0, dtype="float32"),
            _f(shape=(2, 0), axis=1, dtype="int32"),
        ),
        "Index along one axis, as an array of `shape`.",
    ),
)
