"""Limits: a loop over tensors of different shapes makes a union, which operations do not take."""

from __future__ import annotations

import shapewright as sw


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Net(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[In]


@sw.typed
def penalty(p: Net) -> sw.Scalar:
    total = sw.zeros(())
    for t in (p.w, p.b):
        total = total + sw.sum(t * t)  # E: -check
    return total


@sw.typed
def written(p: Net) -> sw.Scalar:
    return sum((sw.sum(sw.square(t)) for t in (p.w, p.b)), start=sw.zeros(()))


net = Net(sw.Tensor[In, Out].ones(), sw.Tensor[In].ones())
penalty(net)
written(net)
