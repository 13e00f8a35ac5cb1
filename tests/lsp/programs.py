"""Programs that are opened in the sessions of the tests. Lines count from 0, as in the protocol."""

from __future__ import annotations

HEAD = """\
import sys
import shapewright as sw

print("printed by the program", flush=True)


class Batch(sw.Dim): ...
class Pixels(sw.Dim):
    size = 16
class Hidden(sw.Dim):
    size = 8
class Digits(sw.Dim):
    size = 4


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]

"""
GOOD = (
    HEAD
    + """\
@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    h = sw.relu(x @ p.w1 + p.b1)
    h = h * 2.0
    top, tail = h[:, :4], h[:, 4:]
    both = top.mT
    return sw.cross_entropy(h @ p.w2, y) + (
        top * tail
    ).sum()
"""
)
FIRST = HEAD.count("\n")  # the line after the head, from 0
LINE = FIRST + 2  # of `h = sw.relu`
WRONG = GOOD.replace("x @ p.w1 +", "x @ p.w1.T +")
LOOP = """
@sw.typed
def rows(x: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Hidden]:
    total = sw.zeros(8)
    for t in range(x.shape[0]):
        row = x[t]
        total += row
    return total
"""
