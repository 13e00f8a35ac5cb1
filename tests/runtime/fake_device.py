"""A device made of NumPy memory: programs run node by node on mirrors, which count their copies."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pytest

from shapewright.compiler.ir.graph import Graph
from shapewright.runtime import programs
from shapewright.runtime.cuda import inputs, probe
from shapewright.runtime.cuda.inputs import DeviceInput
from shapewright.runtime.linked import LinkedSession
from shapewright.runtime.options import Options
from shapewright.runtime.params import Cell
from shapewright.runtime.values import Arr

STREAM = 77  # what the fake device calls its stream


class HostMirror:
    """A cell's copy on the fake device."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.memory: Any = np.full(cell.shape, 99, cell.dtype)
        self.newer, self.stale = False, True
        self.downloads = self.uploads = 0

    def download(self) -> Arr:
        self.newer, self.downloads = False, self.downloads + 1
        return cast("Arr", self.memory)

    def invalidate(self) -> None:
        self.newer, self.stale = False, True

    def sync(self) -> None:
        """Before a run."""
        if self.stale:
            np.copyto(self.memory, self.cell.host)
            self.stale, self.uploads = False, self.uploads + 1


def mirror_of(cell: Cell) -> HostMirror:
    """The mirror of a cell, attached if it has none here."""
    if not isinstance(cell.mirror, HostMirror):
        cell.attach(HostMirror(cell))
    return cast("HostMirror", cell.mirror)


def memory_at(x: DeviceInput) -> Arr:
    """What an input points to."""
    buffer: Any = (ctypes.c_char * x.nbytes).from_address(x.address)
    return cast("Arr", np.frombuffer(buffer, x.dtype).reshape(x.shape))


class FakeExecutor:
    """What a device's executor does about mirrors; `inputs` are those of the last run, as they came."""

    def __init__(self, graph: Graph, storage: Mapping[int, Cell]) -> None:
        self.mirrors = {i: mirror_of(c) for i, c in storage.items()}
        self.written = [self.mirrors[leaf.id] for leaf, _ in graph.updates]
        self.session = LinkedSession(graph, {i: cast("Arr", m.memory) for i, m in self.mirrors.items()})
        self.inputs: list[Any] = []

    def run(self, inputs: Sequence[Any], scalars: Sequence[float], key: tuple[int, int]) -> list[Arr]:
        self.inputs = list(inputs)
        for mirror in self.mirrors.values():
            mirror.sync()
        arrays = [memory_at(x) if isinstance(x, DeviceInput) else cast("Arr", x) for x in inputs]
        outputs = self.session.run(arrays, scalars, key)
        for mirror in self.written:
            mirror.newer = True
        return outputs


@pytest.fixture(name="device")
def fake_device(monkeypatch: pytest.MonkeyPatch) -> Options:
    """Options for trainers on the fake device; those for the CPU run node by node too, so that bits can be compared."""

    def target(options: Options) -> programs.Target:
        if options.device == "cpu":
            return programs.linked_target(options)
        return programs.Target(lambda graph, name, example: graph, FakeExecutor)

    def nothing_is_missing() -> None: ...

    def host_array(x: Any) -> Any:
        return memory_at(x) if isinstance(x, DeviceInput) else x

    monkeypatch.setattr(programs, "target", target)
    monkeypatch.setattr(probe, "require_cuda", nothing_is_missing)
    monkeypatch.setattr(inputs, "our_stream", lambda: STREAM)
    for module in ("backends", "compiled", "jit", "mirrors", "programs"):
        monkeypatch.setattr(f"shapewright.runtime.{module}.host_array", host_array)
    return Options(device="cuda")
