"""Every line is right: above all where one computed number might be taken for a mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeVar, overload

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


class Two(sw.Dim):
    size = 2


class Point(NamedTuple):
    xy: sw.Tensor[Batch, Two]


@dataclass
class Box:
    xy: sw.Tensor[Batch, Two]


class Pair(sw.Pack):
    xy: sw.Tensor[Batch, Two]
    w: sw.Tensor[Two, Half]


@overload
def chosen(x: sw.Tensor[Batch, Two]) -> int: ...
@overload
def chosen(x: sw.Tensor[Batch, Half]) -> str: ...
def chosen(x: Any) -> Any:
    return x


def objects(x: sw.Tensor[Batch, L6], w: sw.Tensor[Two, Half], z: sw.Tensor[Batch, Two]) -> float:
    a = x[:, :2]
    Point(a)
    Box(a)
    Pair(a, w)
    Pair(xy=x[:, 2:4], w=w)
    chosen(a)
    keep = (a < z) & (z > a)
    h = sw.where(keep, a, z) @ w
    return float(sw.mean(h) + sw.mean(a @ w))


def control(x: sw.Tensor[Batch, L6], w: sw.Tensor[L2, L4], flag: bool) -> None:
    total = x[:, :1]
    for i in range(1, 6):
        total = total + x[:, i : i + 1]
    total += x[:, :1]
    rows = [x[:, :2], x[:, 2:4]]
    rows.append(x[:, 4:])
    sw.concat(rows, 1)
    either = x[:, :2] if flag else x[:, :4]
    sw.mean(either)
    if (n := x[:, :3]).ndim == 2:
        n = x[:, :4]
    try:
        v = x[:, 0]
    except ValueError:
        v = x[:, 1]
    more = w
    more = sw.concat((more, w))[:2]
    parts = tuple(sw.split(x, (1, 2, 3), 1))
    for part in parts:
        part * 2.0
    print(n, v, more)


class Model(sw.Pack):
    w: sw.Tensor[Pixels, Other]
    open: sw.Tensor[Hidden, Other]
    bias: sw.Tensor[Other]


@sw.typed
def named(x: sw.Tensor[Batch, Half]) -> sw.Tensor[Batch, Pixels]:
    both = sw.concat((x, x), 1)
    again: sw.Tensor[Batch, Pixels] = sw.repeat(x, 2, 1)
    return both + again


@sw.typed
def features(p: Model, x: sw.Tensor[Batch, Half], target: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Other]:
    h = sw.concat((x, x), axis=1)
    same = sw.linear(h, p.w) + h @ p.w
    sw.mse_loss(h, target)
    sw.add(h, target)
    return same + h[:, :32] @ p.open + sw.layer_norm(h[:, 32:], p.bias, p.bias)


@sw.typed
def takes(x: sw.Tensor[Batch, Pixels], y: sw.Tensor[Hidden]) -> sw.Scalar:
    return sw.mean(x) + sw.mean(y)


@sw.typed
def passes(x: sw.Tensor[Batch, Half], y: sw.Tensor[Batch, L3]) -> sw.Scalar:
    both, row = sw.concat((x, x), 1), y[0]
    return takes(both, row) + takes(sw.concat((x, x), 1), y[0, :2])


def grows(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5], flag: bool) -> None:
    h = sw.concat((x, y), 1)
    h = sw.concat((h, x), 1)
    h.reshape(-1, 11)
    for _ in range(3):
        h = sw.concat((h, x), 1)
        h[:, 17]
    g = x[:, :2]
    if flag:
        g = x[:, 1:2]
    g.reshape(-1, 1)
    parts = []
    for _ in range(2):
        parts.append(x[:, :2])
    parts.append(y[:, :4])
    named_parts = {"a": x[:, :1]}
    named_parts["b"] = x[:, :1]
    for part in (x[:, :2], y[:, :4]):
        sw.mean(part, 1)


def overwritten(x: sw.Tensor[L2, L6], y: sw.Tensor[Any, L6], n: int) -> None:
    x = sw.concat((x, x))
    x.reshape(4, 6)
    x[3]
    a, b = sw.split(y, (1, 5), 1)
    a, b = sw.split(y, (2, 4), 1)
    a[:, 1]


class Holder:
    def __init__(self, x: sw.Tensor[Batch, L6]) -> None:
        self.h = x[:, :2]

    def shrink(self) -> None:
        self.h = self.h[:, :1]


@sw.typed
def generic(x: sw.Tensor[N, M], y: sw.Tensor[M]) -> sw.Tensor[N, M]:
    x.reshape(-1, 3)
    x.reshape(2 * x.shape[0], 5)
    sw.concat((x, x), 1)
    return x + y


def renamed(x: sw.Tensor[L2, L6]) -> sw.Tensor[Hidden, L3]:
    return x.reshape(4, 3)


def kept(x: sw.Tensor[L2, L6]) -> sw.Tensor[Hidden, L3]:
    y = x.reshape(4, 3)
    return y


def unknown_number(x: sw.Tensor[L2, L6], n: int, axis: int, sizes: tuple[int, ...], mask: sw.BoolTensor[L2]) -> None:
    x.reshape(n, 5)
    x[n]
    x.reshape(*sizes)
    sw.concat((x, x), axis)
    sw.split(x, n, 1)
    x[mask]
    sw.sum(x, axis)
    sw.einsum("ab,bc->ac" if n else "ab,cb->ac", x, x)


def main() -> None:
    x = sw.zeros((100, 64))
    y = sw.ones(7)
    takes(x, y)
    loss = sw.jit(takes)
    loss(x, y)
    loss(x[:50], sw.arange(3).astype("float32"))
    whole: sw.Tensor[Batch, Pixels] = sw.zeros((3, 64))
    takes(whole, y)


if __name__ == "__main__":
    data = sw.Tensor[L4, L6].ones()
    rows = data.reshape(24, 1)
    cut = data[:2]
    takes(data.reshape(-1, 6)[:, :2].reshape(-1).reshape(8, 1).broadcast_to(8, 64), rows[:, 0])
    takes(cut.reshape(12).reshape(12, 1).broadcast_to(12, 64), rows[:, 0])


def captured(x: sw.Tensor[L6], v: int) -> None:
    n = 2
    if (n := 3) > 1:
        x.reshape((n, 2))
    k = 4
    match v:
        case k:
            x.reshape((k, 2))
