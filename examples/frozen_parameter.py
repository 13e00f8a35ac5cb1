"""Train a head on a frozen random layer: a frozen parameter keeps its value, bit for bit, and its gradient is zero."""

from __future__ import annotations

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Inputs(sw.Dim):
    size = 2


class Features(sw.Dim):
    size = 64


class Net(sw.Pack):
    project: sw.Tensor[Inputs, Features]
    head: sw.Tensor[Features]


@sw.typed
def loss(p: Net, x: sw.Tensor[Batch, Inputs], y: sw.Tensor[Batch]) -> sw.Scalar:
    features = sw.cos(x @ p.project)
    return sw.mse_loss(features @ p.head, y)


def main() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (512, 2)).astype(np.float32)
    x = sw.Tensor[Batch, Inputs](points)
    y = sw.Tensor[Batch](points[:, 0] * points[:, 1])  # not linear in x: the random features are not either
    net = Net(project=sw.Tensor[Inputs, Features].normal(std=2.0, key=3), head=sw.Tensor[Features].zeros())

    trainer = sw.ScalarTrainer(net, loss, optimizer=sw.optim.Adam(), requires_grad=lambda name: name != "project")
    before = float(trainer.forward(x, y))
    for _ in range(500):
        trainer.step(x, y, lr=1e-2)
    after = trainer.get_params()

    print(f"loss {before:.4f} -> {float(trainer.forward(x, y)):.4f}")
    print("frozen layer unchanged:", np.array_equal(after.project.numpy(), net.project.numpy()))
    print("its gradient is zero:  ", not trainer.backward(x, y).project.numpy().any())
    print("head has moved:        ", bool(np.abs(after.head.numpy()).max() > 0.01))


if __name__ == "__main__":
    main()
