"""Linear regression: one typed loss, trained eagerly and compiled to the same answer."""

from __future__ import annotations

from typing import Literal

import numpy as np

import shapewright as sw


class Rows(sw.Dim): ...


class Features(sw.Dim):
    size = 3


class Line(sw.Pack):
    w: sw.Tensor[Features]
    b: sw.Scalar


@sw.typed
def loss(p: Line, x: sw.Tensor[Rows, Features], y: sw.Tensor[Rows]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w + p.b, y)


def train(backend: Literal["eager", "compiled"], x: sw.Tensor[Rows, Features], y: sw.Tensor[Rows]) -> Line:
    start = Line(w=sw.Tensor[Features].zeros(), b=sw.Scalar(0.0))
    trainer = sw.ScalarTrainer(start, loss, sw.Options(backend=backend))
    for _ in range(200):
        trainer.step(x, y, lr=0.1)
    print(f"{backend:<9} loss {float(trainer.forward(x, y)):.6f}")
    return trainer.get_params()


def main() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((256, 3), dtype=np.float32)
    noise = 0.01 * rng.standard_normal(256, dtype=np.float32)
    x = sw.Tensor[Rows, Features](features)
    y = sw.Tensor[Rows](features @ np.array([2.0, -1.0, 0.5], np.float32) + 3.0 + noise)
    eager = train("eager", x, y)
    compiled = train("compiled", x, y)
    print("weights  ", np.round(compiled.w.numpy(), 2), "intercept", round(float(compiled.b), 2))
    difference = np.abs(eager.w.numpy() - compiled.w.numpy()).max()
    print("eager and compiled agree:", bool(difference < 1e-5))


if __name__ == "__main__":
    main()
