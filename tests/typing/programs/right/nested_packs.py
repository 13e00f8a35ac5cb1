"""Packs: packs of packs, constants, optional parts, changed copies."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 5


class Out(sw.Dim):
    size = 3


class Dense(sw.Pack):
    w: sw.Tensor[In, Hidden]
    b: sw.Tensor[Hidden] | None = None


class Head(sw.Pack):
    w: sw.Tensor[Hidden, Out]
    temperature: float = 1.0
    name: str = "head"


class Net(sw.Pack):
    body: Dense
    heads: tuple[Head, Head]
    table: sw.IntTensor[Hidden]


@sw.typed
def forward(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    h = x @ p.body.w
    if p.body.b is not None:
        h = h + p.body.b
    first, second = p.heads
    reveal_type(first)  # Head
    return h @ first.w / first.temperature + h @ second.w


head = Head(sw.Tensor[Hidden, Out].normal(key=1), temperature=2.0)
net = Net(
    Dense(sw.Tensor[In, Hidden].normal(key=2)),
    (head, head.replace(temperature=3.0)),
    sw.IntTensor[Hidden]([0, 1, 2, 3, 4]),
)
moved = [(net.named()[n].numpy() - net.replace(table=net.table + 1).named()[n].numpy()).sum() for n in net.named()]
x = sw.Tensor[Batch, In].normal(key=3, shape=(2, 4))
reveal_type(forward(net, x))  # Tensor[Batch, Out]
reveal_type(net.body)  # Dense
reveal_type(net.heads)  # tuple[Head, Head]
reveal_type(net.heads[1].temperature)  # float
reveal_type(net.replace(body=Dense(net.body.w, sw.Tensor[Hidden].zeros())))  # Net
reveal_type(head.name)  # str
