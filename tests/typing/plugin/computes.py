"""Every line is right, and the types are those that the plugin computes."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeVar, reveal_type

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


def movement(x: sw.Tensor[L2, L6], p: sw.Tensor[Batch, Pixels], i: sw.IntTensor[L4, L3], b: sw.BoolTensor[L3]) -> None:
    reveal_type(sw.reshape(x, (3, 4)))  # Tensor[Literal[3], Literal[4]]
    reveal_type(sw.reshape(x, (WIDTH, -1)))  # Tensor[Literal[3], Literal[4]]
    reveal_type(x.reshape(2, 3, 2, 1))  # Tensor[Literal[2], Literal[3], Literal[2], Literal[1]]
    reveal_type(x.reshape((-1,)))  # Tensor[Literal[12]]
    reveal_type(p.reshape(-1, 16, 2 * 2))  # Tensor[Batch, Literal[16], Literal[4]]
    reveal_type(p.reshape(p.shape[0], p.shape[1] * 1))  # Tensor[Batch, Literal[64]]
    reveal_type(i.reshape(-1))  # IntTensor[Literal[12]]
    reveal_type(b.reshape(1, 3))  # BoolTensor[Literal[1], Literal[3]]
    reveal_type(sw.flatten(x))  # Tensor[Literal[12]]
    reveal_type(i.flatten())  # IntTensor[Literal[12]]
    reveal_type(sw.flatten(p, 0, 1))  # Tensor[Any]
    reveal_type(sw.unsqueeze(p, 1))  # Tensor[Batch, Literal[1], Pixels]
    reveal_type(sw.squeeze(sw.unsqueeze(p, 1), 1))  # Tensor[Batch, Pixels]
    reveal_type(i.unsqueeze((0, 2)))  # IntTensor[Literal[1], Literal[4], Literal[1], Literal[3]]
    reveal_type(sw.broadcast_to(b, (2, -1)))  # BoolTensor[Literal[2], Literal[3]]
    reveal_type(x.broadcast_to(4, 2, 6))  # Tensor[Literal[4], Literal[2], Literal[6]]
    reveal_type(sw.permute(sw.unsqueeze(p, 0), (2, 0, 1)))  # Tensor[Pixels, Literal[1], Batch]
    reveal_type(sw.repeat(p, 2, axis=1))  # Tensor[Batch, Literal[128]]
    reveal_type(sw.pad(x, ((0, 0), (1, 2))))  # Tensor[Literal[2], Literal[9]]
    reveal_type(sw.pad(x, 1, value=0.5))  # Tensor[Literal[4], Literal[8]]


def joining(
    x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5], p: sw.Tensor[Batch, Pixels], h: sw.Tensor[Batch, Half]
) -> None:
    reveal_type(sw.concat((x, y), axis=1))  # Tensor[Batch, Literal[8]]
    reveal_type(sw.concat([x, y, x], -1))  # Tensor[Batch, Literal[11]]
    reveal_type(sw.concat((p, h), 1))  # Tensor[Batch, Literal[96]]
    reveal_type(sw.concat((x, x)))  # Tensor[Any, Literal[3]]
    reveal_type(sw.stack((x, x, x)))  # Tensor[Literal[3], Batch, Literal[3]]
    reveal_type(sw.stack((p, p), axis=-1))  # Tensor[Batch, Pixels, Literal[2]]
    first, second = sw.split(p, (16, 48), axis=1)
    reveal_type(first)  # Tensor[Batch, Literal[16]]
    reveal_type(second)  # Tensor[Batch, Literal[48]]
    reveal_type(sw.split(y, 2, 1)[2])  # Tensor[Batch, Literal[1]]
    reveal_type(sw.einsum("bi,bj->ij", p, y))  # Tensor[Pixels, Literal[5]]
    reveal_type(sw.einsum("...i,i->...", x.reshape(-1, 1, 3), x[0]))  # Tensor[Batch, Literal[1]]


def cutting(x: sw.Tensor[Batch, L6], i: sw.IntTensor[L4, L3], n: int) -> None:
    reveal_type(x[:, 1:4])  # Tensor[Batch, Literal[3]]
    reveal_type(x[:, ::-2])  # Tensor[Batch, Literal[3]]
    reveal_type(x[..., -1])  # Tensor[Batch]
    reveal_type(x[:, None, :2])  # Tensor[Batch, Literal[1], Literal[2]]
    reveal_type(x[0])  # Tensor[Literal[6]]
    reveal_type(i[1:])  # IntTensor[Literal[3], Literal[3]]
    reveal_type(i[n:])  # IntTensor[Any, Literal[3]]
    reveal_type(i[-1, 2])  # IntTensor[()]
    reveal_type(sw.slice(i, (1, 0), (3, 2)))  # IntTensor[Literal[2], Literal[2]]
    reveal_type(x[1:])  # Tensor[Any, Literal[6]]
    reveal_type(x[:, i[0]])  # Tensor[Batch, Literal[3]]


def operators(x: sw.Tensor[Batch, L3], v: sw.Tensor[L5], i: sw.IntTensor[Batch, L3], j: sw.IntTensor[L3]) -> None:
    reveal_type(x[:, :, None] + v)  # Tensor[Batch, Literal[3], Literal[5]]
    reveal_type(x[:, None] * v[:, None])  # Tensor[Batch, Literal[5], Literal[3]]
    reveal_type(x[:, None, :1] - x[:, :, None])  # Tensor[Batch, Literal[3], Literal[1]]
    reveal_type(x[None, :, :, None] / v)  # Tensor[Literal[1], Batch, Literal[3], Literal[5]]
    reveal_type(i + j)  # IntTensor[Batch, Literal[3]]
    reveal_type(i[:, :, None] * j)  # IntTensor[Batch, Literal[3], Literal[3]]
    reveal_type(sw.add(x[:, :, None], v))  # Tensor[Batch, Literal[3], Literal[5]]
    reveal_type(sw.less(x[:, :, None], v))  # BoolTensor[Batch, Literal[3], Literal[5]]
    reveal_type(x.mT @ x)  # Tensor[Literal[3], Literal[3]]
    reveal_type(x[None, None] @ x.mT[None])  # Tensor[Literal[1], Literal[1], Batch, Batch]
    reveal_type(sw.matmul(x[None], x.mT))  # Tensor[Literal[1], Batch, Batch]
    reveal_type(sw.mean(x.reshape(-1, 1, 3), (0, 2)))  # Tensor[Literal[1]]
    reveal_type(sw.sum(x[None], (0, 2), keepdims=True))  # Tensor[Literal[1], Batch, Literal[1]]


@sw.typed
def joined(x: sw.Tensor[N], y: sw.Tensor[M]) -> sw.Tensor[sw.Add[N, M]]:
    return sw.concat((x, y))


@sw.typed
def crossed(x: sw.Tensor[N], y: sw.Tensor[M]) -> tuple[sw.Tensor[sw.Mul[N, M]], sw.Tensor[N, sw.Add[M, Literal[1]]]]:
    raise NotImplementedError


class Layer:
    def twice(self, x: sw.Tensor[N, M]) -> sw.Tensor[N, sw.Mul[M, Literal[2]]]:
        return sw.concat((x, x), 1)


def calls(
    x: sw.Tensor[L3], y: sw.Tensor[L4], p: sw.Tensor[Pixels], b: sw.Tensor[Batch], z: sw.Tensor[Batch, L4]
) -> None:
    reveal_type(joined(x, y))  # Tensor[Literal[7]]
    reveal_type(joined(x, p))  # Tensor[Literal[67]]
    reveal_type(joined(x, b))  # Tensor[Any]
    reveal_type(crossed(x, y))  # tuple[Tensor[Literal[12]], Tensor[Literal[3], Literal[5]]]
    reveal_type(joined(joined(x, y), y))  # Tensor[Literal[11]]
    reveal_type(Layer().twice(z))  # Tensor[Batch, Literal[8]]
    again: sw.Tensor[Literal[6]] = joined(x, y)  # E[assignment]


def by_shape(x: sw.Tensor[Batch, Hidden, Pixels], a: sw.Tensor[Any, L6], n: int) -> None:
    b, t, d = x.shape
    half = d // 2 if n else 16 * 2
    quarter = x.shape[2] - 48
    reveal_type(x.reshape(b, t, 8, 8))  # Tensor[Batch, Hidden, Literal[8], Literal[8]]
    reveal_type(x.reshape(b * t, d))  # Tensor[Any, Literal[64]]
    reveal_type(x[:, :, :quarter])  # Tensor[Batch, Hidden, Literal[16]]
    reveal_type(x[:, :, :half])  # Any
    reveal_type(a.reshape(a.shape[0], 2, 3))  # Tensor[Any, Literal[2], Literal[3]]
    m = 2
    m = 3
    reveal_type(a[:, :m])  # Tensor[Any, Any]


def made(x: sw.Tensor[L3]) -> None:
    reveal_type(sw.zeros((2, 3)) + x)  # Tensor[Literal[2], Literal[3]]
    reveal_type(sw.arange(1, 7, 2))  # IntTensor[Literal[3]]
    reveal_type(sw.eye(4))  # Tensor[Literal[4], Literal[4]]


def unknown(
    a: sw.Tensor[Any, L3], b: sw.Tensor[Batch, L5], s: sw.Tensor[*tuple[Any, ...]], n: int, w: sw.Tensor[Whole]
) -> None:
    reveal_type(sw.concat((a, b), 1))  # Tensor[Batch, Literal[8]]
    reveal_type(sw.concat((a, a), 1))  # Tensor[Any, Literal[6]]
    reveal_type(a.reshape(-1, 1, 3))  # Tensor[Any, Literal[1], Literal[3]]
    reveal_type(sw.reshape(b, (n, 5)))  # Tensor[Any, Any]
    reveal_type(s.reshape(3, 4))  # Tensor[Any, Any]
    reveal_type(sw.concat((w, w)))  # Tensor[Literal[128]]
