"""What one step of a CUDA program asks of a device, with addresses that are not known yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, final

from .plan import Ref
from .program import Row


@final
@dataclass(frozen=True, slots=True)
class Address:
    """`offset` bytes after what `ref` stands for; a number if that is nothing."""

    ref: Ref
    offset: int = 0


@final
@dataclass(frozen=True, slots=True)
class KernelLaunch:
    """A kernel of the program."""

    kernel: str
    blocks: int
    threads: int
    args: tuple[Address, ...]


@final
@dataclass(frozen=True, slots=True)
class Loop:
    """A batch axis of a product: how often, and the bytes between its matrices in a, b and the result."""

    count: int
    a: int
    b: int
    c: int


@final
@dataclass(frozen=True, slots=True)
class ProductCall:
    """`c[m, n] = op(a)[m, k] op(b)[k, n]`, row-major, for every index of `loops`; `ld*` in elements."""

    name: str
    dtype: str
    m: int
    n: int
    k: int
    a: Address
    lda: int
    trans_a: bool
    b: Address
    ldb: int
    trans_b: bool
    c: Address
    ldc: int
    loops: tuple[Loop, ...]


@final
@dataclass(frozen=True, slots=True)
class Clear:
    """Zero bytes."""

    at: Address
    nbytes: int


@final
@dataclass(frozen=True, slots=True)
class Fold:
    """`out[c]` is the fold of `partials[b, c]` over the blocks b that left them."""

    partials: Address
    out: Address
    columns: int
    blocks: int


@final
@dataclass(frozen=True, slots=True)
class FoldCall:
    """Folds of partial results by a kernel of the runtime, all in one launch."""

    kernel: str
    folds: tuple[Fold, ...]


Call: TypeAlias = KernelLaunch | ProductCall | Clear | FoldCall


@final
@dataclass(slots=True)
class CudaPlan:
    """What a step runs; `rows[i]` are the rows of the program that `calls[i]` stands for. Bytes of the arena as planned,
    and without reuse."""

    calls: list[Call] = field(default_factory=list[Call])
    rows: list[tuple[Row, ...]] = field(default_factory=list["tuple[Row, ...]"])
    arena: int = 0
    unshared: int = 0
