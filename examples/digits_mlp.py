"""A multi-layer perceptron on scikit-learn's digits (1,797 images of 8x8 pixels), compiled, with a held-out test set."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from sklearn.datasets import load_digits

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim):
    size = 64


class Digits(sw.Dim):
    size = 10


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


@sw.typed
def logits(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.relu(x @ p.w1 + p.b1) @ p.w2 + p.b2


@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y)


def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Training images and labels, then test images and labels; a fixed split, pixels in [0, 1]."""
    digits = cast("Any", load_digits())  # scikit-learn has no types
    images, labels = digits.data, digits.target
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = (images[order] / 16.0).astype(np.float32), labels[order].astype(np.int64)
    return x[:1437], y[:1437], x[1437:], y[1437:]


def initial() -> MLP:
    return MLP(
        w1=sw.Tensor[Pixels, Hidden].normal(std=0.15, key=1),
        b1=sw.Tensor[Hidden].zeros(),
        w2=sw.Tensor[Hidden, Digits].normal(std=0.15, key=2),
        b2=sw.Tensor[Digits].zeros(),
    )


def train(epochs: int = 40) -> MLP:
    x, y, _, _ = data()
    images, labels = sw.Tensor[Batch, Pixels](x), sw.IntTensor[Batch](y)
    trainer = sw.ScalarTrainer(initial(), loss, sw.Options(backend="compiled"))
    for epoch in range(epochs):
        for xb, yb in sw.batches(images, labels, size=64, key=epoch):
            trainer.adam_step(xb, yb, lr=2e-3)
    print(f"training loss {float(trainer.forward(images, labels)):.4f}")
    return trainer.get_params()


if __name__ == "__main__":
    predict = sw.jit(logits)
    _, _, x_test, y_test = data()
    guesses = predict(train(), sw.Tensor[Batch, Pixels](x_test)).numpy().argmax(axis=-1)
    print(f"test accuracy {(guesses == y_test).mean():.3f} on {len(y_test)} images")
