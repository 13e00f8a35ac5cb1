"""Element kinds: integer and boolean tensors, comparisons, choice and casts."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


ids = sw.IntTensor[Batch, Seq]([[1, 2, 3], [4, 5, 6]])
x = sw.Tensor[Batch, Seq].ones(shape=(2, 3))
row = sw.Tensor[Seq]([1.0, 2.0, 3.0])
places = sw.IntTensor[Seq]([0, 1, 2])
causal = sw.BoolTensor[Seq]([True, False, True])

reveal_type(ids + 1)  # IntTensor[Batch, Seq]
reveal_type(2 * ids - ids)  # IntTensor[Batch, Seq]
reveal_type(-ids)  # IntTensor[Batch, Seq]
reveal_type(ids + places)  # IntTensor[Batch, Seq]
reveal_type(sw.add(ids, 1))  # IntTensor[Batch, Seq]
reveal_type(sw.maximum(ids, 0))  # IntTensor[Batch, Seq]
reveal_type(sw.abs(ids))  # IntTensor[Batch, Seq]
reveal_type(ids == 3)  # BoolTensor[Batch, Seq]
reveal_type(ids != ids)  # BoolTensor[Batch, Seq]
reveal_type(ids < 3)  # BoolTensor[Batch, Seq]
reveal_type(x >= 0.5)  # BoolTensor[Batch, Seq]
reveal_type(x > x)  # BoolTensor[Batch, Seq]
reveal_type(x > row)  # BoolTensor[Batch, Seq]
reveal_type((x > 0.0) & (ids > 1) | ~(x == x))  # BoolTensor[Batch, Seq]
reveal_type((x > 0.0) & causal)  # BoolTensor[Batch, Seq]
reveal_type((x > 0.0) ^ True)  # BoolTensor[Batch, Seq]
reveal_type(sw.logical_and(x > 0.0, sw.logical_not(x > 1.0)))  # BoolTensor[Batch, Seq]
reveal_type(sw.logical_or(x > 0.0, False))  # BoolTensor[Batch, Seq]
reveal_type(sw.logical_xor(x > 0.0, x > 1.0))  # BoolTensor[Batch, Seq]
reveal_type(sw.equal(ids, 1))  # BoolTensor[Batch, Seq]
reveal_type(sw.not_equal(x, x))  # BoolTensor[Batch, Seq]
reveal_type(sw.less(x, 1.0))  # BoolTensor[Batch, Seq]
reveal_type(sw.less_equal(ids, ids))  # BoolTensor[Batch, Seq]
reveal_type(sw.greater(x, row))  # BoolTensor[Batch, Seq]
reveal_type(sw.greater_equal(x, 0.0))  # BoolTensor[Batch, Seq]
reveal_type(sw.where(x > 0.0, x, 0.0))  # Tensor[Batch, Seq]
reveal_type(sw.where(x > 0.0, 0.0, x))  # Tensor[Batch, Seq]
reveal_type(sw.where(ids > 2, ids, 0))  # IntTensor[Batch, Seq]
reveal_type(sw.where(x > 0.0, x, row))  # Tensor[Batch, Seq]
reveal_type(sw.where(causal, x, 0.0))  # Tensor[Batch, Seq]
reveal_type(ids.astype("float32"))  # Tensor[Batch, Seq]
reveal_type((x > 0.0).astype("float32").mean())  # Tensor[()]
reveal_type(x.astype("int64"))  # IntTensor[Batch, Seq]
reveal_type(sw.cast(x, "bool"))  # BoolTensor[Batch, Seq]
reveal_type(sw.cast(ids, "float64"))  # Tensor[Batch, Seq]
reveal_type(x.argmax(-1) == ids.max(-1))  # BoolTensor[Batch]
