"""PyTorch on a GPU: eager, the loss compiled, and the compiled loss with its optimizer in one CUDA graph.

Weights of linear layers are kept `[outputs, inputs]`, as in `torch.nn.Linear`. Without a GPU (a smoke run) the same
code runs on the CPU, where a graph is one plain step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.gpu_peers import Running, as_tuple
from benchmarks.gpu_workloads import Work
from benchmarks.workloads import BETAS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Array, Data

GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
WARM_UP = 3
"""Steps before a recording, on the default stream and again on another: compiling and allocating must be over."""
Loss = Callable[[Sequence[Tensor], Tensor, Tensor], Tensor]


def unavailable() -> str | None:
    """Why PyTorch has no GPU."""
    return None if GPU else f"torch {torch.__version__} sees no CUDA device"


def make(work: Work, data: Data, form: str) -> Running:
    """Set a row up; `form` is "eager", "compile" or "graph"."""
    torch.set_float32_matmul_precision("high" if work.precision == "tf32" else "highest")
    given = [torch.tensor(a, device=DEVICE) for a in data.inputs]
    match work.kind:
        case "mlp":
            return _training(mlp_loss, data, given, form)
        case "block":
            heads = work.widths[1]
            return _training(lambda params, x, y: block_loss(params, heads, x, y), data, given, form)
        case "adamw":
            return _update(data, given, form)
        case "norm":
            weights = [torch.tensor(a, device=DEVICE) for a in data.params]
            return _function(norm, [given[0], *weights], form)
        case "norm_grad":
            weights = [torch.tensor(a, device=DEVICE).requires_grad_() for a in data.params]
            arguments = [given[0].requires_grad_(), *weights, given[1]]
            return _function(_norm_in_one if form != "eager" else _norm_on_tape, arguments, form)
        case "cross_entropy":
            arguments = [given[0].requires_grad_(), given[1]]
            return _function(_entropy_in_one if form != "eager" else _entropy_on_tape, arguments, form)


# ---- programs


def mlp_loss(params: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
    *hidden, w, b = params
    for wi, bi in zip(hidden[0::2], hidden[1::2], strict=True):
        x = F.relu(F.linear(x, wi, bi))
    return F.cross_entropy(F.linear(x, w, b), y)


def block_loss(params: Sequence[Tensor], heads: int, x: Tensor, y: Tensor) -> Tensor:
    gain1, shift1, qkv, qkv_bias, out, out_bias, gain2, shift2, up, up_bias, down, down_bias = params
    batch, length, width = x.shape
    normed = F.layer_norm(x, (width,), gain1, shift1, NORM_EPS)
    parts = F.linear(normed, qkv, qkv_bias).split(width, dim=-1)
    q, k, v = (part.view(batch, length, heads, width // heads).transpose(1, 2) for part in parts)
    seen = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, length, width)
    x = x + F.linear(seen, out, out_bias)
    normed = F.layer_norm(x, (width,), gain2, shift2, NORM_EPS)
    x = x + F.linear(F.gelu(F.linear(normed, up, up_bias), approximate="tanh"), down, down_bias)
    return F.mse_loss(x, y)


def norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.layer_norm(x, weight.shape, weight, bias, NORM_EPS)


def _norm_on_tape(x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, ...]:
    y = norm(x, weight, bias)
    return (y.detach(), *torch.autograd.grad(y, (x, weight, bias), dy))


def _norm_in_one(x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor) -> tuple[Tensor, ...]:
    y, pull, *_ = torch.func.vjp(norm, x, weight, bias)
    return (y, *pull(dy))


def _entropy_on_tape(logits: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
    loss = F.cross_entropy(logits, labels)
    return (loss.detach(), *torch.autograd.grad(loss, (logits,)))


def _entropy_in_one(logits: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
    gradient, loss = torch.func.grad_and_value(F.cross_entropy)(logits, labels)
    return loss, gradient


# ---- rows


def _training(loss: Loss, data: Data, given: Sequence[Tensor], form: str) -> Running:
    params = [torch.tensor(np.ascontiguousarray(p.T), device=DEVICE).requires_grad_() for p in data.params]
    optimizer = _adamw(params, form)
    run = loss if form == "eager" else cast("Loss", torch.compile(loss, fullgraph=True))

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=form != "graph")  # a recorded step writes the same memory every time
        value = run(params, given[0], given[1])
        value.backward()
        optimizer.step()
        return value.detach()

    if form == "graph":
        step = _recorded(step, lambda: _reset(params, data, optimizer))
    return Running(step, _sync, lambda r: cast("Tensor", r).item(), lambda: [_numpy(p).T for p in params])


def _update(data: Data, given: Sequence[Tensor], form: str) -> Running:
    params = [torch.tensor(p, device=DEVICE) for p in data.params]
    results = lambda: [_numpy(p) for p in params]  # noqa: E731
    if form == "compile":
        moments = [[torch.zeros_like(p) for p in params] for _ in range(2)]
        count, run = torch.zeros((), device=DEVICE), torch.compile(_by_hand, fullgraph=True)

        def compiled() -> None:
            with torch.no_grad():
                run(params, given, *moments, count)

        return Running(compiled, _sync, None, results)
    for p, g in zip(params, given, strict=True):
        p.requires_grad_().grad = g
    optimizer = _adamw(params, form)
    step = cast("Callable[[], object]", optimizer.step)
    if form == "graph":
        step = _recorded(step, lambda: _reset(params, data, optimizer, transposed=False))
    return Running(step, _sync, None, results)


def _by_hand(
    params: Sequence[Tensor], grads: Sequence[Tensor], m: Sequence[Tensor], v: Sequence[Tensor], count: Tensor
) -> None:
    """AdamW in place, written so that Inductor fuses it; the count is a tensor, else every step would compile again."""
    b1, b2 = BETAS
    count.add_(1)
    correction1, correction2 = 1 - b1**count, torch.sqrt(1 - b2**count)
    for p, g, mp, vp in zip(params, grads, m, v, strict=True):
        mp.lerp_(g, 1 - b1)
        vp.mul_(b2).addcmul_(g, g, value=1 - b2)
        p.mul_(1 - LR * WEIGHT_DECAY).sub_(LR / correction1 * mp / (vp.sqrt() / correction2 + EPS))


def _function(f: Callable[..., Any], arguments: Sequence[Tensor], form: str) -> Running:
    run = f if form == "eager" else torch.compile(f, fullgraph=True)
    last: Any = ()

    def step() -> object:
        nonlocal last
        with torch.set_grad_enabled(form == "eager"):
            last = run(*arguments)
        return last

    recorded = _recorded(step, lambda: None) if form == "graph" else step

    def results() -> list[Array]:
        return [_numpy(out) for out in as_tuple(last) if out.ndim > 0]

    loss = (lambda r: cast("Any", r)[0].item()) if len(arguments) == 2 else None
    return Running(recorded, _sync, loss, results)


def _adamw(params: Sequence[Tensor], form: str) -> torch.optim.Optimizer:
    recorded = form == "graph" and GPU
    lr = torch.tensor(LR, device=DEVICE) if recorded else LR
    return torch.optim.AdamW(
        params, lr=lr, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY, fused=True, capturable=recorded
    )


def _recorded(step: Callable[[], Any], reset: Callable[[], None]) -> Callable[[], Any]:
    """The step as one CUDA graph; `reset` undoes what the steps before the recording did."""
    if not GPU:
        return step
    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value = step()
    reset()

    def replay() -> Any:
        graph.replay()
        return value

    return replay


def _reset(params: Sequence[Tensor], data: Data, optimizer: torch.optim.Optimizer, *, transposed: bool = True) -> None:
    """Parameters and moments as they were at the beginning, in the memory that a recording knows."""
    with torch.no_grad():
        for p, a in zip(params, data.params, strict=True):
            p.copy_(torch.tensor(a.T if transposed else a))
        for value in chain.from_iterable(state.values() for state in optimizer.state.values()):
            cast("Tensor", value).zero_()


def _sync() -> None:
    if GPU:
        torch.cuda.synchronize()


def _numpy(t: Tensor) -> Array:
    return cast("Array", t.detach().cpu().numpy())
