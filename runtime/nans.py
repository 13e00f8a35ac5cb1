"""Looking for NaNs (`Options(debug_nans=True)`): the operation that made the first one, or the input that had it already.

Every result is looked at, so a NaN among the operands of an operation came from outside: from an input, a parameter, or
an array that the program has as a constant. Operations that only move values let it pass: it may still be masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import NumericError
from ..compiler.loc import Loc, user_loc
from ..compiler.ops.opdef import Movement
from ..compiler.ops.table import OPS
from ..dsl.pack import Spec

Arr: TypeAlias = NDArray[np.generic]

_WITH_A_DOMAIN = frozenset(["div", "log", "log1p", "pow", "reciprocal", "rsqrt", "sqrt"])


def has_nan(x: Arr) -> bool:
    return x.dtype.kind == "f" and bool(np.isnan(x).any())


def _has_infinity(x: Arr) -> bool:
    return x.dtype.kind == "f" and bool(np.isinf(x).any())


@final
@dataclass(frozen=True, slots=True)
class Where:
    """What an operation is part of: the line, and the operation of which it is (a part of) the derivative."""

    loc: Loc | None
    derivative_of: str | None = None
    update: bool = False  # of the optimizer

    def text(self, op: str) -> str:
        part = f" in the derivative of `{self.derivative_of}`" if self.derivative_of is not None else ""
        part = part or (" in the update" if self.update else "")
        return f"`{op}`{part}" + ("" if self.loc is None else f" at {self.loc}")


def input_labels(names: Sequence[str], spec: Spec) -> list[str]:
    """What messages call the leaves of inputs: "input `x`", "input `batch.x`". spec: of the tuple of all inputs."""
    labels: list[str] = []
    for path in spec.names:
        first, _, rest = path.partition(".")
        i = int(first)
        known = [names[i]] if i < len(names) else []
        labels.append(f"input `{'.'.join([*known, *filter(None, [rest])])}`" if known or rest else f"input {i + 1}")
    return labels


@final
class NanSearch:
    """What is known of the values from outside: `given` are those, each with what to call it, such as "input `x`"."""

    def __init__(self, given: Iterable[tuple[str, Arr]] = ()) -> None:
        self._suspects = [(label, x) for label, x in given if has_nan(x)]

    def check(self, op: str, args: Sequence[Arr], out: Arr, where: Where) -> None:
        """Raise NumericError if `out` is the first value with a NaN, or the first made from one that was given."""
        if not has_nan(out):
            return
        if not any(map(has_nan, args)):
            raise _made(op, args, where)
        if op not in ("cast", "identity") and not isinstance(OPS[op].lower, Movement):
            raise self._given(where.loc) or NumericError(
                f"{where.text(op)} reads a NaN that no operation made",
                loc=where.loc,
                details=_operands(args, has_nan, "a NaN"),
                help="look at the arrays from outside that it uses",
                code="SW903",
            )

    def finish(self, results: Iterable[Arr]) -> None:
        """Raise NumericError if a result has a NaN: nothing computed with it, so it was given."""
        if any(map(has_nan, results)):
            self.refuse()

    def refuse(self) -> None:
        """Raise NumericError if a given value has a NaN."""
        error = self._given(None)
        if error is not None:
            raise error

    def _given(self, loc: Loc | None) -> NumericError | None:
        if not self._suspects:
            return None
        label = self._suspects[0][0]
        return NumericError(
            f"{label} has a NaN",
            loc=loc or user_loc(),
            details=[f"{label}: {_type(x)}, {_count(x)}" for label, x in self._suspects],
            help="replace it in the data, or mask it with sw.isnan and sw.where" if label.startswith("input") else None,
            code="SW903",
        )


def _made(op: str, args: Sequence[Arr], where: Where) -> NumericError:
    """The error for an operation that made a NaN from operands without one."""
    text, help = f"{where.text(op)} made a NaN from operands without one", None
    origin = where.derivative_of or op
    if any(0 in x.shape for x in args):
        text = f"{where.text(op)} is over no elements, which gives a NaN"
        help = "an operand is empty: leave out batches without rows"
    elif any(map(_has_infinity, args)):
        text = f"{where.text(op)} made a NaN from operands with an infinity"
    elif origin in _WITH_A_DOMAIN:
        way = "sw.clip" if where.derivative_of is not None else "sw.clip or sw.where"
        help = f"keep the operands of `{origin}` inside its domain, for instance with {way}"
    details = _operands(args, _has_infinity, "an infinity")
    return NumericError(text, loc=where.loc, details=details, help=help, code="SW901")


def _operands(args: Sequence[Arr], holds: Callable[[Arr], bool], what: str) -> list[str]:
    return [f"operand {i}: {_type(a)}{f', with {what}' if holds(a) else ''}" for i, a in enumerate(args)]


def _type(x: Arr) -> str:
    return f"{x.dtype}{list(x.shape)}"


def _count(x: Arr) -> str:
    n = int(np.count_nonzero(np.isnan(x)))
    return f"{n} of {x.size} elements {'is' if n == 1 else 'are'} NaN"
