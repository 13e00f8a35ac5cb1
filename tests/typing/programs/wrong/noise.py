"""Creation: keys and rates that are none."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


def rates(x: sw.Tensor[Batch, Width], key: sw.Key) -> None:
    sw.dropout(x, "half")  # E: -check
    sw.dropout(x, 0.5, True, key)  # E: -check
    sw.dropout(x > 0.0, 0.5)  # E: -check
    sw.normal(x, key=key)  # E: -check
    sw.normal((2, 3), key="seed")  # E: -check
    sw.bernoulli((2, 3), 0.5)  # E: -check
    sw.randint(0, 10)  # E: -check
    key.fold_in("step")  # E: -check
    _, second = key, key.split(2)
    sw.uniform((2, 3), key=second)  # E: -check


@sw.typed
def kind(x: sw.Tensor[Batch, Width], key: sw.Key) -> sw.Tensor[Batch, Width]:
    return x * (sw.dropout(x, 0.5, key=key) > 0.0)  # E


@sw.typed
def dropped(x: sw.Tensor[Batch, Width], key: sw.Key) -> sw.Tensor[Batch]:
    return sw.dropout(x, 0.5, key=key)  # E
