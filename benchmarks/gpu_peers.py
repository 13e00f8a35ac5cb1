"""The contestants on a GPU: which process runs which form of which library, and the interface to the worker."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from benchmarks.gpu_workloads import Work
from benchmarks.workloads import Array, Data


@dataclass(frozen=True, slots=True)
class Replay:
    """Our recorded step alone: `seconds(count)` on the device per replay; how many launches it holds."""

    seconds: Callable[[int], float]
    launches: int


@dataclass(frozen=True, slots=True)
class Running:
    """A row set up by a peer, ready to be stepped.

    `step` starts one step and may return before it is done; `sync` waits. `loss` reads what `step` returned (None where
    the row has no loss). `results`: the parameters in the order and layout of `Data.params`, or what a step without
    parameters computed. `replay` is there after two steps, for us only.
    """

    step: Callable[[], object]
    sync: Callable[[], None]
    loss: Callable[[object], float] | None
    results: Callable[[], Sequence[Array]]
    replay: Callable[[], Replay] | None = None


def as_tuple(outputs: Any) -> tuple[Any, ...]:
    """The results of a function that returns one, or a tuple of them."""
    several: tuple[Any, ...] = outputs if isinstance(outputs, tuple) else (outputs,)
    return several


class PeerModule(Protocol):
    """What every module of a peer offers."""

    def unavailable(self) -> str | None:
        """Why the library has no GPU here; None where it has."""
        ...

    def make(self, work: Work, data: Data, form: str) -> Running: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """One form of one library."""

    name: str
    title: str
    package: str
    module: str
    form: str

    def installed(self) -> bool:
        """Whether this interpreter has the library."""
        return self.package == "shapewright" or importlib.util.find_spec(self.package) is not None

    def load(self) -> PeerModule:
        """Import the library."""
        return cast("PeerModule", importlib.import_module(self.module))


_OURS, _TORCH = "benchmarks.peers.shapewright_gpu", "benchmarks.peers.torch_gpu"
OURS = Peer("shapewright", "ours", "shapewright", _OURS, "cuda")
REFERENCE = Peer("reference", "float64 on the CPU, eager", "shapewright", _OURS, "reference")
"""The answer: the eager backend in float64, whose operations are NumPy's. Not timed."""
PEERS: tuple[Peer, ...] = (
    OURS,
    Peer("torch-eager", "torch eager", "torch", _TORCH, "eager"),
    Peer("torch-compile", "torch.compile", "torch", _TORCH, "compile"),
    Peer("torch-graph", "torch.compile, one CUDA graph", "torch", _TORCH, "graph"),
    Peer("jax-jit", "jax.jit", "jax", "benchmarks.peers.jax_gpu", "jit"),
)
BY_NAME = {p.name: p for p in (*PEERS, REFERENCE)}
