"""Creation: filled, counted and random tensors, with typed axes and by shape."""

from __future__ import annotations

from typing import reveal_type

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Model(sw.Dim):
    size = 4


reveal_type(sw.Tensor[Batch, Model].zeros(shape=(3, 4)))  # Tensor[Batch, Model]
reveal_type(sw.Tensor[Model].full(2.0))  # Tensor[Model]
reveal_type(sw.Tensor[Model].normal(std=0.1, key=sw.Key(1)))  # Tensor[Model]
reveal_type(sw.Tensor[Batch, Model]([[1.0, 2.0, 3.0, 4.0]]))  # Tensor[Batch, Model]
reveal_type(sw.Scalar(1.5))  # Tensor[()]
reveal_type(sw.IntTensor[Batch](np.arange(3)))  # IntTensor[Batch]
reveal_type(sw.zeros(()))  # Tensor[()]
reveal_type(sw.zeros(3))  # Tensor[Any]
reveal_type(sw.ones((3, 4)))  # Tensor[Any, Any]
reveal_type(sw.normal((3, 4), key=1))  # Tensor[Any, Any]
reveal_type(sw.uniform(3, low=-1.0, high=1.0, key=2))  # Tensor[Any]
reveal_type(sw.bernoulli(0.5, (2, 3), key=3))  # BoolTensor[Any, Any]
reveal_type(sw.randint(0, 10, (4,), key=4))  # IntTensor[Any]
reveal_type(sw.eye(3))  # Tensor[Any, Any]
reveal_type(sw.arange(5))  # IntTensor[Any]
reveal_type(sw.linspace(0.0, 1.0, 5))  # Tensor[Any]
reveal_type(sw.full((2, 2), 1.5))  # Any; mypy+plugin: Tensor[Any, Any]
batch: sw.Tensor[Batch, Model] = sw.ones((3, 4))
reveal_type(sw.zeros_like(batch))  # Tensor[Batch, Model]
reveal_type(sw.ones_like(batch))  # Tensor[Batch, Model]
reveal_type(sw.full_like(batch > 0.0, 1.0))  # BoolTensor[Batch, Model]
reveal_type(sw.dropout(batch, 0.1, key=5))  # Tensor[Batch, Model]
reveal_type(batch.numpy().shape)  # tuple[Any, ...]
reveal_type(sw.Key(1).fold_in(2))  # Key
