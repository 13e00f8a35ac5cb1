"""The optimizers step by step against `torch.optim`, stand-alone and fused (make test-torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapewright.dsl.pack import TList
from shapewright.dsl.tensor import Tensor
from shapewright.runtime.optim import SGD, Adam, AdamW, Optimizer
from shapewright.runtime.options import Options
from shapewright.runtime.params import ParamList
from shapewright.runtime.trainer import ScalarTrainer

pytestmark = pytest.mark.torch

STEPS = 20
CASES: list[tuple[Optimizer, str, dict[str, Any]]] = [
    (SGD(), "SGD", {}),
    (SGD(momentum=0.9), "SGD", {"momentum": 0.9}),
    (SGD(momentum=0.9, nesterov=True), "SGD", {"momentum": 0.9, "nesterov": True}),
    (SGD(weight_decay=0.1), "SGD", {"weight_decay": 0.1}),
    (
        SGD(momentum=0.9, nesterov=True, weight_decay=0.1),
        "SGD",
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ),
    (Adam(), "Adam", {}),
    (Adam(betas=(0.8, 0.95), eps=1e-4), "Adam", {"betas": (0.8, 0.95), "eps": 1e-4}),
    (Adam(weight_decay=0.1), "Adam", {"weight_decay": 0.1}),
    (AdamW(), "AdamW", {"weight_decay": 1e-2}),
    (AdamW(betas=(0.8, 0.95), weight_decay=0.3), "AdamW", {"betas": (0.8, 0.95), "weight_decay": 0.3}),
]
TOLERANCE = {"float64": 1e-13, "float32": 2e-6}


def schedule(step: int) -> float:
    return 0.05 / (1 + step)


def tensor(x: object) -> Any:
    loose: Any = Tensor
    return loose(x)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("optimizer", "peer", "arguments"), CASES, ids=[repr(c[0]) for c in CASES])
def test_stand_alone(optimizer: Optimizer, peer: str, arguments: dict[str, Any], dtype: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(4, 3)).astype(dtype), rng.normal(size=3).astype(dtype)]
    params = ParamList.from_tensors(TList(*map(tensor, start)))
    theirs = [torch.tensor(p, requires_grad=True) for p in start]
    other = getattr(torch.optim, peer)(theirs, lr=1.0, foreach=False, **arguments)
    state = optimizer.init(params)
    for step in range(STEPS):
        grads = [rng.normal(size=p.shape).astype(dtype) for p in start]
        state = optimizer.step(params, TList(*map(tensor, grads)), state, lr=schedule(step))
        for p, g in zip(theirs, grads, strict=True):
            p.grad = torch.tensor(g)
        other.param_groups[0]["lr"] = schedule(step)
        other.step()
        for cell, p in zip(params, theirs, strict=True):
            host: Any = cell.host
            np.testing.assert_allclose(host, p.detach().numpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("backend", ["eager", "compiled"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("optimizer", "peer", "arguments"), CASES, ids=[repr(c[0]) for c in CASES])
def test_in_a_trainer(optimizer: Optimizer, peer: str, arguments: dict[str, Any], dtype: Any, backend: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=(5, 3)).astype(dtype), rng.normal(size=3).astype(dtype)

    def loss(p: Any, x: Any, y: Any) -> Any:
        error = x @ p[0] + p[1] - y
        return (error * error).mean()

    trainer: Any = ScalarTrainer(TList(tensor(w), tensor(b)), loss, Options(backend=backend), optimizer=optimizer)
    theirs = [torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)]
    other = getattr(torch.optim, peer)(theirs, lr=1.0, foreach=False, **arguments)
    for step in range(STEPS):
        x, y = rng.normal(size=(6, 5)).astype(dtype), rng.normal(size=(6, 3)).astype(dtype)
        found = trainer.step(tensor(x), tensor(y), lr=schedule(step))
        other.param_groups[0]["lr"] = schedule(step)
        other.zero_grad()
        want = loss(theirs, torch.tensor(x), torch.tensor(y))
        want.backward()
        other.step()
        near = 10 * TOLERANCE[dtype]
        np.testing.assert_allclose(float(found), want.item(), rtol=near)
        for cell, p in zip(trainer.params, theirs, strict=True):
            np.testing.assert_allclose(cell.host, p.detach().numpy(), rtol=near, atol=near)


def test_clip_norm_is_torchs() -> None:
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(4, 3)), rng.normal(size=3)]
    params = ParamList.from_tensors(TList(*map(tensor, start)))
    theirs = [torch.tensor(p, requires_grad=True) for p in start]
    optimizer = SGD(clip_norm=1.0)
    grads = [rng.normal(size=p.shape) for p in start]
    optimizer.step(params, TList(*map(tensor, grads)), optimizer.init(params), lr=0.1)
    for p, g in zip(theirs, grads, strict=True):
        p.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    torch.optim.SGD(theirs, lr=0.1).step()
    for cell, p in zip(params, theirs, strict=True):
        host: Any = cell.host
        np.testing.assert_allclose(host, p.detach().numpy(), rtol=1e-13)
