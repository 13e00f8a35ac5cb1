"""shapewright on a GPU: trainers and compiled functions by their public API, and the graph that they replay.

The inputs are in the device's memory, as another library would hand them over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, final

import numpy as np

import shapewright as sw
from benchmarks.gpu_peers import Replay, Running, as_tuple
from benchmarks.gpu_workloads import Work
from benchmarks.workloads import BETAS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Array, Data
from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda.device import device
from shapewright.runtime.cuda.memory import Arena
from shapewright.runtime.cuda.probe import require_cuda

COPY_BYTES = 400_000_000


@final
class OnDevice:
    """An array in the device's memory, which is freed with it."""

    def __init__(self, array: Array) -> None:
        self._memory = Arena(device(), array.nbytes)
        device().upload(self._memory.address, np.ascontiguousarray(array))
        self._facts = {"shape": array.shape, "typestr": array.dtype.str, "version": 3, "strides": None, "stream": None}

    @property
    def __cuda_array_interface__(self) -> Mapping[str, object]:
        """https://numba.readthedocs.io/en/stable/cuda/cuda_array_interface.html"""
        return self._facts | {"data": (self._memory.address, False)}


def unavailable() -> str | None:
    """What is missing for the device "cuda"."""
    try:
        require_cuda()
    except DeviceError as error:
        return "; ".join(error.diagnostic.details)
    return None


def copy_bandwidth(nbytes: int = COPY_BYTES) -> float:
    """Bytes per second that a copy within the device reads and writes."""
    here = device()
    source, target = Arena(here, nbytes), Arena(here, nbytes)
    copy: Callable[[], None] = lambda: here.copy(target.address, source.address, nbytes)  # noqa: E731
    here.elapsed(copy, 3)
    return 2 * nbytes / here.elapsed(copy, 3 if here.simulated else 20)


# ---- programs

Parameters = tuple[Any, ...]  # Any: the axes of the layers are as many as a row says


class Block(sw.Pack):
    """A transformer block, with the norms before the attention and before the MLP; `heads` is a constant."""

    heads: int
    gain1: sw.Tensor[Any]
    shift1: sw.Tensor[Any]
    qkv: sw.Tensor[Any, Any]
    qkv_bias: sw.Tensor[Any]
    out: sw.Tensor[Any, Any]
    out_bias: sw.Tensor[Any]
    gain2: sw.Tensor[Any]
    shift2: sw.Tensor[Any]
    up: sw.Tensor[Any, Any]
    up_bias: sw.Tensor[Any]
    down: sw.Tensor[Any, Any]
    down_bias: sw.Tensor[Any]


def mlp_loss(p: Parameters, x: Any, y: Any) -> sw.Scalar:
    *hidden, w, b = p
    for wi, bi in zip(hidden[0::2], hidden[1::2], strict=True):
        x = sw.relu(x @ wi + bi)
    return sw.cross_entropy(x @ w + b, y)


def block_loss(p: Block, x: Any, y: Any) -> sw.Scalar:
    batch, length, width = x.shape
    heads = (batch, length, p.heads, width // p.heads)
    normed = sw.layer_norm(x, p.gain1, p.shift1, eps=NORM_EPS)
    parts = sw.split(normed @ p.qkv + p.qkv_bias, (width, width, width), axis=-1)
    q, k, v = (sw.permute(sw.reshape(part, heads), (0, 2, 1, 3)) for part in parts)
    seen: Any = sw.scaled_dot_product_attention(q, k, v, is_causal=True)
    mixed: Any = x + sw.reshape(sw.permute(seen, (0, 2, 1, 3)), (batch, length, width)) @ p.out + p.out_bias
    normed = sw.layer_norm(mixed, p.gain2, p.shift2, eps=NORM_EPS)
    hidden: Any = sw.gelu(normed @ p.up + p.up_bias, approximate="tanh")
    return sw.mse_loss(mixed + hidden @ p.down + p.down_bias, y)


def sum_of_squares(p: Parameters) -> sw.Scalar:
    """A loss for the trainer of `adamw`, which is never run: the gradients are given."""
    total: Any = 0.0
    for tensor in p:
        total = total + sw.sum(sw.square(tensor))
    return cast("sw.Scalar", total)


def norm(x: Any, weight: Any, bias: Any) -> Any:
    return sw.layer_norm(x, weight, bias, eps=NORM_EPS)


def norm_and_gradients(x: Any, weight: Any, bias: Any, dy: Any) -> Any:
    y, pull = sw.vjp(norm, x, weight, bias)
    return (y, *pull(dy))


def loss_and_gradient(logits: Any, labels: Any) -> Any:
    return sw.value_and_grad(cross_entropy)(logits, labels)


def cross_entropy(logits: Any, labels: Any) -> sw.Scalar:
    return sw.cross_entropy(logits, labels)


# ---- rows


def make(work: Work, data: Data, form: str) -> Running:
    """Set a row up; `form` is "cuda", "cpu" (the same program there, for a test) or "reference"."""
    if form == "reference":
        data = Data(*(tuple(a.astype(np.float64) if a.dtype == np.float32 else a for a in part) for part in
                      (data.params, data.inputs)))  # fmt: skip
        options = sw.Options(backend="eager")
    else:
        options = sw.Options(
            device="cuda" if form == "cuda" else "cpu",
            matmul_precision="high" if work.precision == "tf32" else "highest",
        )
    given: list[Any] = [OnDevice(a) if form == "cuda" else a for a in data.inputs]
    match work.kind:
        case "mlp" | "block":
            return _training(work, data, given, options)
        case "adamw":
            return _update(data, options)
        case "norm" | "norm_grad" | "cross_entropy":
            return _function(work, data, given, options)


def _trainer(init: Any, loss: Any, options: sw.Options) -> Any:
    optimizer = sw.optim.AdamW(betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)
    return sw.ScalarTrainer(init, loss, options, optimizer=optimizer)


def _training(work: Work, data: Data, given: Sequence[Any], options: sw.Options) -> Running:
    tensors = _tensors(data.params)
    init = tensors
    if work.kind == "block":
        fields = [name for name in Block.__annotations__ if name != "heads"]
        init = Block(heads=work.widths[1], **dict(zip(fields, tensors, strict=True)))
    trainer = _trainer(init, mlp_loss if work.kind == "mlp" else block_loss, options)

    def replay() -> Replay:
        (plan,) = trainer._engine._plans.values()
        return _replay(plan.executor)

    return Running(
        lambda: trainer.step(*given, lr=LR), _sync(options), _value, lambda: _leaves(trainer.get_params()), replay
    )


def _update(data: Data, options: sw.Options) -> Running:
    trainer = _trainer(_tensors(data.params), sum_of_squares, options)
    grads = _tensors(data.inputs)

    def replay() -> Replay:
        ((compiled,),) = trainer._engine._programs.values()
        return _replay(compiled.executor)

    return Running(
        lambda: trainer.apply_grads(grads, lr=LR), _sync(options), None, lambda: _leaves(trainer.get_params()), replay
    )


def _function(work: Work, data: Data, given: Sequence[Any], options: sw.Options) -> Running:
    functions: dict[str, Any] = {"norm": norm, "norm_grad": norm_and_gradients, "cross_entropy": loss_and_gradient}
    run: Any = sw.jit(functions[work.kind], options)
    arguments = [
        given[0],
        *([OnDevice(a) for a in data.params] if options.device == "cuda" else data.params),
        *given[1:],
    ]
    last: Any = ()

    def step() -> object:
        nonlocal last
        last = run(*arguments)
        return last

    def results() -> list[Array]:
        return [np.asarray(out.numpy()) for out in as_tuple(last) if out.ndim > 0]

    def replay() -> Replay:
        (ready,) = run._exact.values()
        return _replay(ready.compiled.executor)

    return Running(step, _sync(options), _first_value if work.kind == "cross_entropy" else None, results, replay)


def _replay(executor: Any) -> Replay:
    """The graph of the one set of shapes that a program ran with; recorded at its second step."""
    (bound,) = executor._bound.values()
    return Replay(lambda count: executor.device.elapsed(bound.graph.launch, count), len(bound.run))


def _sync(options: sw.Options) -> Callable[[], None]:
    return device().synchronize if options.device == "cuda" else lambda: None


def _leaves(pack: Any) -> list[Array]:
    return [np.asarray(leaf.numpy()) for leaf in (pack.leaves() if isinstance(pack, Block) else pack)]


def _tensors(arrays: Sequence[Array]) -> Any:
    return tuple([cast("Any", sw.Tensor)(a) for a in arrays])


def _value(loss: object) -> float:
    return cast("sw.Scalar", loss).item()


def _first_value(results: object) -> float:
    return _value(cast("tuple[object, ...]", results)[0])
