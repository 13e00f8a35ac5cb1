"""PyTorch on the CPU: eager with the fused optimizer, the model compiled, and the whole step compiled.

Weights are kept `[outputs, inputs]`, the layout of `torch.nn.Linear`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers import Running, ready
from benchmarks.workloads import BETAS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Array, Data, Workload


def make(workload: Workload, data: Data, form: str) -> Running:
    """Set a workload up; `form` is "eager", "model", "step" or "step-cpp" (the step with Inductor's C++ wrapper)."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    if form == "step-cpp":
        import torch._inductor.config as inductor

        inductor.cpp_wrapper = True
    match workload.kind:
        case "mlp":
            return _mlp(workload, data, form)
        case "adamw":
            return _adamw(data, form)
        case "norm":
            return _norm(data, form)


def _mlp(workload: Workload, data: Data, form: str) -> Running:
    activation = torch.tanh if workload.activation == "tanh" else torch.relu
    x, y = (torch.tensor(a) for a in data.inputs)
    params = [torch.tensor(np.ascontiguousarray(p.T)) for p in data.params]

    def loss(params: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
        *hidden, w, b = params
        for wi, bi in zip(hidden[0::2], hidden[1::2], strict=True):
            x = activation(F.linear(x, wi, bi))
        out = F.linear(x, w, b)
        return F.mse_loss(out, y) if workload.activation == "tanh" else F.cross_entropy(out, y)

    step = _compiled_step(loss, params, x, y) if form.startswith("step") else _eager_step(loss, params, x, y, form)
    return Running(step, ready, lambda r: cast("Tensor", r).item(), lambda: [_numpy(p).T for p in params])


Loss = Callable[[Sequence[Tensor], Tensor, Tensor], Tensor]


def _eager_step(loss: Loss, params: Sequence[Tensor], x: Tensor, y: Tensor, form: str) -> Callable[[], Tensor]:
    for p in params:
        p.requires_grad_()
    optimizer = _fused_adamw(params)
    run = cast("Loss", torch.compile(loss, fullgraph=True)) if form == "model" else loss

    def step() -> Tensor:
        value = run(params, x, y)
        value.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return value.detach()

    return step


def _compiled_step(loss: Loss, params: Sequence[Tensor], x: Tensor, y: Tensor) -> Callable[[], Tensor]:
    m, v, t = [torch.zeros_like(p) for p in params], [torch.zeros_like(p) for p in params], torch.zeros(())

    def whole(
        params: Sequence[Tensor], m: Sequence[Tensor], v: Sequence[Tensor], t: Tensor, x: Tensor, y: Tensor
    ) -> Tensor:
        grads, value = torch.func.grad_and_value(loss)(params, x, y)
        _update(params, grads, m, v, t)
        return value

    compiled = torch.compile(whole, fullgraph=True)

    def step() -> Tensor:
        with torch.no_grad():
            return compiled(params, m, v, t, x, y)

    return step


def _adamw(data: Data, form: str) -> Running:
    params = [torch.tensor(p) for p in data.params]
    grads = [torch.tensor(g) for g in data.inputs]
    results = lambda: [_numpy(p) for p in params]  # noqa: E731
    if form == "eager":
        for p, g in zip(params, grads, strict=True):
            p.requires_grad_()
            p.grad = g
        return Running(_fused_adamw(params).step, ready, None, results)
    m, v, t = [torch.zeros_like(p) for p in params], [torch.zeros_like(p) for p in params], torch.zeros(())
    update = torch.compile(_update, fullgraph=True)

    def step() -> None:
        with torch.no_grad():
            update(params, grads, m, v, t)

    return Running(step, ready, None, results)


def _fused_adamw(params: Sequence[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, lr=LR, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY, fused=True)


def _update(
    params: Sequence[Tensor], grads: Sequence[Tensor], m: Sequence[Tensor], v: Sequence[Tensor], t: Tensor
) -> None:
    """AdamW in place, written so that Inductor fuses it; `t` is a tensor, else every step would recompile."""
    b1, b2 = BETAS
    t.add_(1)
    correction1, correction2 = 1 - b1**t, torch.sqrt(1 - b2**t)
    for pi, gi, mi, vi in zip(params, grads, m, v, strict=True):
        mi.mul_(b1).add_(gi, alpha=1 - b1)
        vi.mul_(b2).add_(gi * gi * (1 - b2))
        pi.mul_(1 - LR * WEIGHT_DECAY).sub_((LR / correction1) * mi / (vi.sqrt() / correction2 + EPS))


def _norm(data: Data, form: str) -> Running:
    weight, bias = (torch.tensor(p) for p in data.params)
    x, dy = (torch.tensor(a) for a in data.inputs)
    last: list[Tensor] = []

    def block(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.layer_norm(F.silu(x), x.shape[-1:], weight, bias, NORM_EPS)

    def with_autograd() -> None:
        y = run(x, weight, bias)
        last[:] = y.detach(), *torch.autograd.grad(y, (x, weight, bias), dy)

    def whole(x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, ...]:
        y, pull, *_ = torch.func.vjp(block, x, weight, bias)
        return (y, *pull(dy))

    def in_one() -> None:
        with torch.no_grad():
            last[:] = compiled(x, weight, bias, dy)

    results = lambda: [_numpy(r) for r in last]  # noqa: E731
    if form == "step":
        compiled = torch.compile(whole, fullgraph=True)
        return Running(in_one, ready, None, results)
    for leaf in (x, weight, bias):
        leaf.requires_grad_()
    run = torch.compile(block, fullgraph=True) if form == "model" else block
    return Running(with_autograd, ready, None, results)


def _numpy(t: Tensor) -> Array:
    return cast("Array", t.detach().numpy())
