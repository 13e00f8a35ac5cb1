"""An interpreter of your own: it counts the floating-point work of any typed function while it runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import digits_mlp
import numpy as np

import shapewright as sw

Array = np.ndarray[Any, np.dtype[Any]]


class FlopCounter:
    """`Ops[np.ndarray]`: hands every operation to the eager interpreter, and counts what it costs."""

    def __init__(self) -> None:
        self.eager = sw.EagerOps()
        self.flops: Counter[str] = Counter()

    def lift(self, x: sw.Array[Any]) -> Array:
        return self.eager.lift(x)

    def apply(self, op: str, args: Sequence[Array], attrs: Mapping[str, object]) -> Array:
        out = self.eager.apply(op, args, attrs)
        if op == "matmul":
            self.flops[op] += 2 * out.size * args[0].shape[-1]  # a multiplication and an addition per term
        else:
            self.flops[op] += out.size
        return out


def main() -> None:
    images, _, _, _ = digits_mlp.data()
    counter = FlopCounter()
    x = sw.Tensor[digits_mlp.Batch, digits_mlp.Pixels](images[:100])
    sw.run_with(counter, digits_mlp.logits, digits_mlp.initial(), x)
    for op, flops in counter.flops.most_common():
        print(f"{op:<8} {flops:>10,}")
    print(f"{'total':<8} {counter.flops.total():>10,} for 100 images")


if __name__ == "__main__":
    main()
