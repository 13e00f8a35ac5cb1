"""Losses: of every kind and reduction."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Classes(sw.Dim):
    size = 3


x = sw.Tensor[Batch, Classes].normal(key=1, shape=(4, 3))
t = sw.Tensor[Batch, Classes].uniform(key=2, shape=(4, 3))
p = sw.softmax(x)
y = sw.IntTensor[Batch]([0, 1, 2, 0])
w = sw.Tensor[Classes].ones()

reveal_type(sw.cross_entropy(x, y))  # Tensor[()]
reveal_type(sw.cross_entropy(x, p, w, label_smoothing=0.1))  # Tensor[()]
reveal_type(sw.cross_entropy(x, y, ignore_index=0, reduction="sum"))  # Tensor[()]
reveal_type(sw.cross_entropy(x, y, reduction="none"))  # Tensor[Batch]
reveal_type(sw.nll_loss(sw.log_softmax(x), y))  # Tensor[()]
reveal_type(sw.nll_loss(sw.log_softmax(x), y, reduction="none"))  # Tensor[Batch]
reveal_type(sw.mse_loss(x, t))  # Tensor[()]
reveal_type(sw.mse_loss(x, t, reduction="none"))  # Tensor[Batch, Classes]
reveal_type(sw.l1_loss(x, t, reduction="sum"))  # Tensor[()]
reveal_type(sw.huber_loss(x, t, delta=2.0))  # Tensor[()]
reveal_type(sw.bce_with_logits(x, t))  # Tensor[()]
reveal_type(sw.bce_loss(p, t, reduction="none"))  # Tensor[Batch, Classes]
reveal_type(sw.kl_div(sw.log_softmax(x), p))  # Tensor[()]
