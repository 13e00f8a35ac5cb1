"""Read what the compiler made of a loss: the program, its kernels, and the lines of the loss they came from."""

from __future__ import annotations

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 16


class Out(sw.Dim):
    size = 4


class Layer(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def loss(p: Layer, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    h = sw.tanh(x @ p.w + p.b)
    return sw.mse_loss(h, y)


def main() -> None:
    layer = Layer(w=sw.Tensor[In, Out].normal(std=0.1, key=0), b=sw.Tensor[Out].zeros())
    trainer = sw.ScalarTrainer(layer, loss, sw.Options(backend="compiled"))
    rng = np.random.default_rng(0)
    x = sw.Tensor[Batch, In](rng.standard_normal((32, 16)))
    y = sw.Tensor[Batch, Out](rng.standard_normal((32, 4)))

    program = trainer.lower(x, y, method="step")  # forward, backward and the SGD update in one program
    print(program.listing())
    for kernel in program.kernels:
        print(f"\n{kernel.name}: {kernel.flops} FLOPs, {kernel.bytes} bytes")
        for line in kernel.user_lines:
            print(f"  from {line}   ({line.role})")
        print(f"  why: {kernel.why}")
    print(f"\nThe file that is executed: {program.kernels[0].path}")
    print(program.kernels[0].source)


if __name__ == "__main__":
    main()
