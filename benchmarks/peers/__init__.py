"""The contestants: which process runs which form of which library, and the interface between them and the worker.

Every library is listed in the forms that are the fastest somewhere, on some machine; the table quotes the best of them per
workload.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from benchmarks.workloads import Array, Kind, Workload


@dataclass(frozen=True, slots=True)
class Running:
    """A workload set up by a peer, ready to be stepped.

    `step` starts one step and may return before it is done (JAX); `sync` waits. `loss` reads what `step` returned
    (None where the workload has no loss), `results` the parameters in the order and layout of `Data.params`, or
    for W7 the output and the gradients of x, weight and bias.
    """

    step: Callable[[], object]
    sync: Callable[[], None]
    loss: Callable[[object], float] | None
    results: Callable[[], Sequence[Array]]


def ready() -> None:
    """`Running.sync` of a peer whose `step` returns when the step is done."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One form of one library. `env` is added to the worker's environment, `form` is passed to the peer's module."""

    name: str
    package: str
    module: str
    form: str
    kinds: tuple[Kind, ...] = ("mlp", "adamw", "norm")
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def runs(self, workload: Workload) -> bool:
        """Whether this form exists for the workload."""
        return workload.kind in self.kinds

    def installed(self) -> bool:
        """Whether this interpreter has the library."""
        return self.package == "shapewright" or importlib.util.find_spec(self.package) is not None


# glibc gives large blocks back to the system at every free; a library that allocates its results at every step then
# pays for fresh pages every time. These settings keep the pages.
KEEP_PAGES = MappingProxyType(
    {
        "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
        "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
        "MALLOC_TOP_PAD_": str(1 << 28),
    }
)

OURS = Peer("shapewright", "shapewright", "benchmarks.peers.shapewright_cpu", "compiled")

_TORCH, _JAX = "benchmarks.peers.torch_cpu", "benchmarks.peers.jax_cpu"
PEERS: tuple[Peer, ...] = (
    OURS,
    Peer("torch-eager", "torch", _TORCH, "eager"),
    Peer("torch-eager+pages", "torch", _TORCH, "eager", ("norm",), KEEP_PAGES),
    Peer("torch-compile-model", "torch", _TORCH, "model", ("mlp",)),
    Peer("torch-compile-step", "torch", _TORCH, "step", ("mlp", "adamw")),
    Peer("torch-compile-step+pages", "torch", _TORCH, "step", ("norm",), KEEP_PAGES),
    Peer("torch-compile-step-cpp", "torch", _TORCH, "step-cpp", ("mlp",)),
    Peer("jax-jit", "jax", _JAX, "jit"),
    Peer("jax-jit-transposed", "jax", _JAX, "transposed", ("mlp",)),
    Peer("jax-jit-barriers+pages", "jax", _JAX, "barriers", ("norm",), KEEP_PAGES),
)
BY_NAME = {p.name: p for p in PEERS}
