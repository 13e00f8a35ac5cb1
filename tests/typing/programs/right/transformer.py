"""Transformer blocks: attention and a feed-forward part with residual sums."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 8


class Wide(sw.Dim):
    size = 16


class Vocab(sw.Dim):
    size = 11


class Attention(sw.Pack):
    q: sw.Tensor[Model, Model]
    k: sw.Tensor[Model, Model]
    v: sw.Tensor[Model, Model]
    out: sw.Tensor[Model, Model]

    @sw.typed
    def __call__(self, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
        mixed = sw.scaled_dot_product_attention(x @ self.q, x @ self.k, x @ self.v, is_causal=True)
        return mixed @ self.out


class Norm(sw.Pack):
    scale: sw.Tensor[Model]
    shift: sw.Tensor[Model]

    def __call__(self, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
        return sw.layer_norm(x, self.scale, self.shift)


class Block(sw.Pack):
    norm1: Norm
    attention: Attention
    norm2: Norm
    up: sw.Tensor[Model, Wide]
    down: sw.Tensor[Wide, Model]


class Transformer(sw.Pack):
    tokens: sw.Tensor[Vocab, Model]
    places: sw.Tensor[Seq, Model]
    blocks: tuple[Block, ...]
    norm: Norm
    head: sw.Tensor[Model, Vocab]


@sw.typed
def block(p: Block, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    x = x + p.attention(p.norm1(x))
    return x + sw.gelu(p.norm2(x) @ p.up) @ p.down


@sw.typed
def logits(p: Transformer, ids: sw.IntTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Vocab]:
    h = sw.embedding(ids, p.tokens) + p.places
    for each in p.blocks:
        h = block(each, h)
    reveal_type(h)  # Tensor[Batch, Seq, Model]
    return p.norm(h) @ p.head


@sw.typed
def loss(p: Transformer, ids: sw.IntTensor[Batch, Seq], targets: sw.IntTensor[Batch, Seq]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, ids), targets)


def square(key: int) -> sw.Tensor[Model, Model]:
    return sw.Tensor[Model, Model].normal(std=0.1, key=key)


def layer(key: int) -> Block:
    return Block(
        Norm(sw.Tensor[Model].ones(), sw.Tensor[Model].zeros()),
        Attention(square(key), square(key + 1), square(key + 2), square(key + 3)),
        Norm(sw.Tensor[Model].ones(), sw.Tensor[Model].zeros()),
        sw.Tensor[Model, Wide].normal(std=0.1, key=key + 4),
        sw.Tensor[Wide, Model].normal(std=0.1, key=key + 5),
    )


init = Transformer(
    tokens=sw.Tensor[Vocab, Model].normal(std=0.1, key=1),
    places=sw.Tensor[Seq, Model].normal(std=0.1, key=2, shape=(6, 8)),
    blocks=(layer(10), layer(20)),
    norm=Norm(sw.Tensor[Model].ones(), sw.Tensor[Model].zeros()),
    head=sw.Tensor[Model, Vocab].normal(std=0.1, key=3),
)
ids = sw.IntTensor[Batch, Seq](sw.randint(0, 11, (4, 6), key=5))
trainer = sw.ScalarTrainer(init, loss, sw.Options(backend="eager"))
reveal_type(trainer.step(ids, ids, lr=0.1))  # Tensor[()]
reveal_type(trainer.backward(ids, ids).blocks[0].attention.q)  # Tensor[Model, Model]
reveal_type(init.blocks)  # tuple[Block, ...]
