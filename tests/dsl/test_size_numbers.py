"""A run-time size acts like the int that it is in eager execution, wherever Python or NumPy gets it."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import numbers
import operator
import pickle
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.sizes import symbol


class Rows(sw.Dim): ...


def ones(n: int) -> sw.Tensor[Rows]:
    return sw.Tensor[Rows](np.ones(n, np.float32))


@functools.lru_cache
def remembered(n: int) -> float:
    return {4: 5.0}.get(n, 1.0)


@dataclasses.dataclass(frozen=True)
class Key:
    n: int


NUMBERS: dict[str, Callable[[int], float]] = {
    "set": lambda n: 2.0 if n in {4, 8} else 1.0,
    "set of it": lambda n: len({n, 4}),
    "set of sums": lambda n: 2.0 if n + 1 in {5} else 1.0,
    "key that is looked up": lambda n: {4: 1.0}.get(n, 7.0),
    "key of a dict": lambda n: {n: 1.0}.get(4, 7.0),
    "key in a tuple": lambda n: {(n, 3): 1.0}.get((4, 3), 7.0),
    "lru_cache": remembered,
    "dataclass as a key": lambda n: {Key(4): 2.0}.get(Key(n), 3.0),
    "equal dataclasses": lambda n: 1.0 if Key(4) == Key(n) else 0.0,
    "Counter": lambda n: Counter([n, 4, 3])[4],
    "hash": lambda n: 1.0 if hash(n) == hash(4) else 0.0,
    "nested": lambda n: {8: 2.0}.get((n // 2) * 4, 3.0),
    "float ==": lambda n: 5.0 if n == 4.0 else 1.0,
    "Fraction ==": lambda n: 5.0 if n == Fraction(4) else 1.0,
    "NumPy ==": lambda n: 5.0 if n == np.int64(4) else 1.0,
    "== NumPy": lambda n: 5.0 if np.int64(4) == n else 1.0,
    "< float": lambda n: 5.0 if n < 4.5 else 1.0,
    ">= float": lambda n: 5.0 if n >= 3.5 else 1.0,
    "bool of a remainder": lambda n: 5.0 if n % 2 else 1.0,
    "bool of a difference": lambda n: 5.0 if not n - 4 else 1.0,
    "&": lambda n: n & 1,
    "|": lambda n: 3 | n,
    "^": lambda n: n ^ 1,
    "<<": lambda n: (n << 1) + (1 << n),
    ">>": lambda n: (n >> 1) + (64 >> n),
    "~": lambda n: ~n,
    "+": lambda n: +n,
    "abs": lambda n: abs(-n),
    "bit_length": lambda n: n.bit_length() + n.bit_count(),
    "divmod": lambda n: sum(divmod(n, 3)) + sum(divmod(30, n)),
    "round": lambda n: round(n) + round(n, -1),
    "parts": lambda n: n.real + n.imag + n.numerator + n.denominator + n.conjugate() + sum(n.as_integer_ratio()),
    "// float": lambda n: n // 2.0 + n % 1.5 + 10.0 // n,
    "pow": lambda n: pow(n, 2, 7),
    "format": lambda n: float(format(n, "03d")) + float(f"{n:5d}") + float("%d" % n),  # noqa: UP031  it is what is tested
    "range": lambda n: sum(range(n)),
    "list": lambda n: len([0] * n) + len(n * [0]),
    "complex": lambda n: complex(n).real,
    "math": lambda n: math.sqrt(n) + math.log(n) + math.floor(n) + math.ceil(n) + math.trunc(n) + math.gcd(n, 6),
    "math.comb": lambda n: math.comb(n, 2) + math.isqrt(n) + math.factorial(n),
    "index": operator.index,
    "pickle": lambda n: pickle.loads(pickle.dumps(n)),
    "copy": lambda n: copy.copy(n) + copy.deepcopy(n),
    "Integral": lambda n: 5.0 if isinstance(n, numbers.Integral) else 1.0,
    "np.sqrt": lambda n: float(np.sqrt(n) + np.log(n) + np.exp(n)),
    "NumPy's scalars": lambda n: float(np.float32(2) * n + np.int64(7) // n + n / np.float32(2)),
    "np.array": lambda n: float(np.array([n, 2]).sum() + np.arange(n).sum() + np.ones(3).sum() * n),
}


def both(f: Callable[..., sw.Tensor[Any]], size: int) -> tuple[list[float], list[float]]:
    """What a program gives, which has been compiled for other sizes before, and what it gives in eager execution."""
    compiled = sw.jit(f)
    for n in (3, 4, 5):
        compiled(ones(n))
    x = ones(size)
    return compiled(x).tolist(), f(x).tolist()


@pytest.mark.parametrize("size", [3, 4, 6])
@pytest.mark.parametrize("number", NUMBERS.values(), ids=list(NUMBERS))
def test_a_size_is_a_number(number: Callable[[int], float], size: int) -> None:
    @sw.typed
    def f(x: sw.Tensor[Rows]) -> sw.Tensor[Rows]:
        return x * float(number(x.shape[0]))

    compiled, eager = both(f, size)
    assert compiled == eager


INTS: Any = sw.IntTensor


def float_of(n: Any) -> sw.Scalar:
    out: Any = sw.cast(n, "float32")
    return cast("sw.Scalar", out)


def test_a_tensor_of_a_size_compiles_once() -> None:
    @sw.typed
    def f(x: sw.Tensor[Rows]) -> sw.Tensor[Rows]:
        n = x.shape[0]
        return x * sw.Tensor(n) * float_of(INTS(n))

    compiled = sw.jit(f, sw.Options(fail_on_recompile=True))
    for n in (3, 4):
        assert compiled(ones(n)).tolist() == f(ones(n)).tolist() == [n * n] * n


def test_the_reason_names_the_line() -> None:
    @sw.typed
    def f(x: sw.Tensor[Rows]) -> sw.Tensor[Rows]:
        return x * (2.0 if x.shape[0] in {4, 8} else 1.0)

    compiled: Any = sw.jit(f)
    compiled(ones(3))
    compiled(ones(4))
    [reason] = compiled.recompiles
    assert "test_size_numbers.py:" in reason
    assert reason.endswith(": Rows is needed as a number while recording")


def test_division_by_zero_is_python_s() -> None:
    @sw.typed
    def f(x: sw.Tensor[Rows]) -> sw.Tensor[Rows]:
        return x * float(x.shape[0] // 0)

    for run in (f, sw.jit(f)):
        with pytest.raises(ZeroDivisionError):
            run(ones(3))


def test_outside_of_a_recording_a_size_is_its_normal_form() -> None:
    n = symbol("n")
    assert len({n, n + 1, symbol("n")}) == 2
    assert n != 4
    assert pickle.loads(pickle.dumps(n)) == n
