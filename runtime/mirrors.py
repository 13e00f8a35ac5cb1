"""Mirrors: what a device keeps of a trainer's cells between steps, and running on the host around them.

A cell (`Param`) owns an array of the host. A device keeps a copy, attached to the cell, whose memory stays where it is.
Each side remembers what the other has not seen: `newer`, the device wrote; `stale`, the host wrote. Only a read
downloads, only a run on the device uploads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, final

from .cuda.inputs import host_array

if TYPE_CHECKING:
    from ..compiler.ir.graph import Graph
    from .params import Arr, Cell
    from .programs import ExecutorLike


class Mirror(Protocol):
    """A copy of a cell's value in the memory of a device. `newer` and `stale` are never both true.

    The device's programs write it, and say so in `newer`; before they read it they upload a `stale` one from
    `cell.host`, which is then current.
    """

    @property
    def newer(self) -> bool:
        """Whether the device wrote it after the host's copy was last read from it."""
        ...

    @property
    def stale(self) -> bool:
        """Whether the host wrote its array after the last upload."""
        ...

    def download(self) -> Arr:
        """The device's value as a host array; afterwards the host is current (`newer` is False)."""
        ...

    def invalidate(self) -> None:
        """The host was written: drop the device's value (`newer` is False, `stale` is True). The memory stays."""
        ...


@final
class HostExecutor:
    """Runs a program on the host's arrays although a device may have newer ones: those are downloaded first, and the
    mirrors of what the program writes become stale. `executor` holds the arrays of `storage`, by leaf of `graph`."""

    def __init__(self, executor: ExecutorLike, graph: Graph, storage: Mapping[int, Cell]) -> None:
        self._executor = executor
        self._cells = tuple(storage.values())
        self._written = tuple(storage[leaf.id] for leaf, _ in graph.updates)

    def run(self, inputs: Sequence[Any], scalars: Sequence[float], key: tuple[int, int]) -> list[Arr]:
        """As the executor's; inputs on a device are downloaded."""
        read_all(self._cells)
        outputs = self._executor.run([host_array(x) for x in inputs], scalars, key)
        for cell in self._written:
            cell.invalidate()
        return outputs


def read_all(cells: Iterable[Cell]) -> None:
    """Make the host's arrays current."""
    for cell in cells:
        cell.read()
