"""Every marked line is refused, and no other."""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import shapewright as sw


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Half(sw.Dim):
    size = 64 // 2


class Other(sw.Dim):
    size = 32


class Whole(Pixels): ...


N = TypeVar("N")
M = TypeVar("M")
L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
WIDTH: Final = 3


def sizes(x: sw.Tensor[L2, L6], y: sw.Tensor[Batch, L3], z: sw.Tensor[Batch, L5], p: sw.Tensor[Batch, Pixels]) -> None:
    sw.reshape(x, (3, 5))  # E: reshape: Tensor[Literal[2], Literal[6]] has 12 elements, the shape [3, 5] has 15
    x.reshape(5, -1)  # E: Tensor[Literal[2], Literal[6]] does not fit (5, -1): 12 elements are not a multiple of 5
    x.reshape(-1, -1)  # E: reshape: more than one -1
    p.reshape(p.shape[0], 4, 8)  # E: 64*Batch elements, the shape
    sw.reshape(p, (p.shape[0] * 32,))  # E: 64*Batch elements, the shape
    sw.concat((y, z))  # E: axis 1 of operand 1 (3) must equal axis 1 of operand 2 (5)
    sw.concat((p, y), 0)  # E: axis 1 of operand 1 (Pixels=64) must equal axis 1 of operand 2 (3)
    sw.concat((x, x), axis=2)  # E: concat: there is no axis 2
    sw.stack((y, z))  # E: must equal
    sw.split(x, (2, 5), 1)  # E: split: sizes (2, 5) sum to 7, axis 1 has 6
    sw.squeeze(x, 0)  # E: squeeze: axis 0 has size 2, not 1
    sw.broadcast_to(x, (3, 6))  # E: cannot become 3
    x.flatten(1, 0)  # E: flatten: axis 1 comes after axis 0
    sw.einsum("ij,kj->ik", y, z)  # E: axis 1 of operand 1 (3) must equal axis 1 of operand 2 (5)
    sw.einsum("ij->k", y)  # E: "k" is in no operand
    sw.pad(x, ((1, 1),))  # E: pad: 1 pair of widths for 2 axes
    x[2]  # E: index 2 is outside axis 0 of size 2
    y[:, 3]  # E: index 3 is outside axis 1 of size 3
    x[0, 0, 0]  # E: 3 indices for 2 axes
    y + z  # E: do not broadcast
    y * p  # E: do not broadcast
    x @ x  # E: axis 1 of operand 1 (6) must equal axis 0 of operand 2 (2)
    sw.matmul(y, x)  # E: axis 1 of operand 1 (3) must equal axis 0 of operand 2 (2)
    sw.sub(y, z)  # E: do not broadcast
    sw.linear(x, x)  # E: linear
    sw.mean(x, 2)  # E: mean: there is no axis 2
    joined = sw.concat((y, z), 1)
    joined.reshape(-1, 3)
    joined[:, 8]  # E: index 8 is outside axis 1 of size 8


def result(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5]) -> sw.Tensor[Batch, Literal[7]]:
    return sw.concat((x, y), 1)  # E[return-value]


def named(x: sw.Tensor[Batch, Half]) -> sw.Tensor[Batch, Pixels]:
    return sw.repeat(x, 3, 1)  # E[return-value]


def by_variable(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5]) -> sw.Tensor[Batch, Literal[7]]:
    h = sw.relu(sw.concat((x, y), 1))
    h = sw.tanh(h)
    return h  # E[return-value]


def rank() -> sw.Tensor[Batch, Pixels]:
    return sw.zeros(64)  # E[return-value]


def argument(p: sw.Tensor[Batch, Pixels]) -> None:
    named(p[:, :31])  # E[arg-type]


def nominal(
    x: sw.Tensor[Batch, Half], y: sw.Tensor[Batch, Other], z: sw.Tensor[Batch, Hidden], l: sw.Tensor[L3]
) -> None:
    x + y  # E[operator]
    x + z  # E[operator]
    z + l  # E[operator]


def equal_and_not_the_same(x: sw.Tensor[L3]) -> None:
    x[True]  # E: a scalar condition is no index
    x[1]
