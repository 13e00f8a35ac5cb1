"""No message shows an element of an array: every error that can be had, with arrays that are full of one number.

tests/runtime/test_bad_input.py does the same for what a trainer, a jitted function and their options refuse.
"""

from __future__ import annotations

import itertools
import operator
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.ir.attrs import Attrs
from shapewright.compiler.ops.opdef import OpDef, Sample
from shapewright.compiler.ops.table import OPS
from shapewright.dsl.dispatch import apply
from shapewright.runtime import programs

from . import test_all_ways, test_help, test_messages

SECRET = 7311  # and 7311.25 where elements are real


def everything_said(error: BaseException) -> str:
    """What any handler of the error can show: the text, the parts, and what it was raised from."""
    parts = [str(error), repr(error), repr(getattr(error, "diagnostic", None)), *map(str, error.args)]
    return "\n".join(parts) + (everything_said(error.__cause__) if error.__cause__ is not None else "")


def errors_of(*calls: Callable[[], object]) -> Iterator[sw.ShapewrightError]:
    for call in calls:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, of numbers out of range
            try:
                call()
            except sw.ShapewrightError as error:
                yield error


def shows_nothing(errors: Sequence[sw.ShapewrightError]) -> None:
    for error in errors:
        assert str(SECRET) not in everything_said(error), error


lib: Any = sw  # hides the types from the checkers, which would refuse these programs


# ---- what is called
@pytest.mark.parametrize("case", test_messages.CASES)
def test_calls(case: str) -> None:
    assert float(np.asarray(test_messages.PROGRAM.zeros(1))[0]) == SECRET + 0.25
    errors = list(errors_of(getattr(test_messages.PROGRAM, f"case_{case}")))
    assert len(errors) == 1
    shows_nothing(errors)


@pytest.mark.parametrize("case", test_all_ways.CASES)
def test_bodies(case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = sys.modules["secret_ways"] = ModuleType("secret_ways")
    (tmp_path / "secret_ways.py").write_text(test_all_ways.SOURCE, encoding="utf-8")
    exec(compile(test_all_ways.SOURCE, str(tmp_path / "secret_ways.py"), "exec"), vars(module))
    f: Any = getattr(module, case)
    x, y = reals(5, 6), np.full(5, SECRET)
    p: Any = vars(module)["MLP"](reals(6, 4), reals(4), reals(4, 3))
    eager = sw.ScalarTrainer(p, f, sw.Options(backend="eager"))
    compiled = sw.ScalarTrainer(p, f)
    monkeypatch.setattr(programs, "target", programs.linked_target)
    linked = sw.ScalarTrainer(p, f)
    calls = [lambda: f(p, x, y), *(lambda t=t: t.forward(x, y) for t in (eager, compiled, linked))]
    errors = list(errors_of(*calls))
    assert len(errors) == len(calls)
    shows_nothing(errors)


@pytest.mark.parametrize("case", [*test_help.RIGHT, *test_help.WRONG])
def test_programs(case: str) -> None:
    found = test_help.RIGHT.get(case)
    program = found[0] if found is not None else test_help.WRONG[case]
    text = f"{test_help.HEAD}{program}\n"
    for array in ("np.full(shape, 0.5, np.float32)", "np.zeros(5)", "np.ones(5, np.float32)"):
        shape = array[array.index("(") + 1 :].partition(",")[0].rstrip(")")
        text = text.replace(array, f"np.full({shape}, {SECRET}.25, np.float32)")
    text = re.sub(r"np\.zeros\((\d), int\)", rf"np.full(\1, {SECRET})", text)
    assert text.count(str(SECRET)) >= 2
    namespace: dict[str, object] = {"__name__": "secret_program"}
    sys.modules["secret_program"] = ModuleType("secret_program")
    errors = list(errors_of(lambda: exec(compile(text, "<secret>", "exec"), namespace)))
    assert len(errors) == 1
    shows_nothing(errors)


# ---- operations
def reals(*shape: int) -> Any:
    return np.full(shape, SECRET + 0.25, np.float32)


def operand(shape: tuple[int, ...], dtype: str) -> Any:
    return np.full(
        shape, SECRET + 0.25 if dtype.startswith("float") else SECRET % 2 if dtype == "bool" else SECRET
    ).astype(dtype)


def mutations(sample: Sample) -> Iterator[list[Any]]:
    """The operands of a sample, with one of another rank, size or element type, or one too few or too many."""
    given = [(shape, dtype) for shape, dtype, _, _ in sample.operands]
    for i, (shape, dtype) in enumerate(given):
        others = [((*shape, 2), dtype), (shape[1:], dtype), (tuple(s + 1 for s in shape), dtype)]
        others += [(shape, d) for d in ("float32", "int64", "bool") if d != dtype]
        for other in others:
            yield [operand(*o) for o in (*given[:i], other, *given[i + 1 :])]
    yield [operand(*o) for o in given[1:]]
    yield [operand(*o) for o in (*given, *given[-1:])]
    yield [operand(*o) for o in given]  # indices outside, above all


def attributes(sample: Sample) -> Iterator[Attrs]:
    yield sample.attrs
    for name, value in sample.attrs.items():
        for bad in (99, (99,), "unknown"):
            if type(bad) is type(value) and name not in ("dtype", "size", "n", "shape", "spec"):
                yield Attrs({**sample.attrs, name: bad})


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_operations(op: OpDef) -> None:
    errors: list[sw.ShapewrightError] = []
    for sample in op.domain:
        for args, attrs in itertools.product(mutations(sample), attributes(sample)):
            tensors: list[Any] = [tensor(a) for a in args]
            errors += errors_of(partial(apply, op.name, tensors, attrs))
    if any(sample.operands for sample in op.domain):
        assert errors
    shows_nothing(errors)


def tensor(array: Any) -> Any:
    return {"b": lib.BoolTensor, "f": lib.Tensor}.get(array.dtype.kind, lib.IntTensor)(array)


# ---- making tensors, looking into them
X: Any = lib.Tensor(np.full((2, 3), SECRET + 0.25, np.float32))
IDS: Any = lib.IntTensor(np.full(3, SECRET))


def branching(x: Any) -> Any:
    return x * 2 if x.sum() > 0 else x


def first(p: Any) -> Any:
    return p[0].sum()


def doubled(x: Any) -> Any:
    return x * 2


MADE: list[Callable[[], object]] = [
    lambda: float(X),
    lambda: X.item(),
    lambda: bool(X),
    lambda: int(X),
    lambda: operator.index(X),
    lambda: operator.index(IDS),
    lambda: len(X[0, 0]),
    lambda: X[IDS],
    lambda: X[:, IDS],
    lambda: X[IDS, IDS],
    lambda: X[X],
    lambda: X.reshape(4, 2),
    lambda: X.broadcast_to(3, 2),
    lambda: X.astype("complex64"),
    lambda: X.to("cuda"),
    lambda: lib.split(X, (1, 5)),
    lambda: X.squeeze(0),
    lambda: lib.IntTensor(reals(2)),
    lambda: lib.Tensor(np.full(2, SECRET)),
    lambda: lib.BoolTensor(reals(2)),
    lambda: lib.Tensor(np.array([SECRET, None])),
    lambda: lib.Tensor([[SECRET], [SECRET, SECRET]]),
    lambda: lib.Tensor([str(SECRET), "a"]),
    lambda: lib.Tensor(np.full(2, SECRET, complex)),
    lambda: lib.Tensor(reals(2), dtype="int64"),
    lambda: lib.take(X, IDS, axis=0),
    lambda: lib.cross_entropy(X, IDS[:2]),
    lambda: lib.embedding(IDS, X),
    lambda: lib.one_hot(IDS, 4),
    lambda: lib.einsum("ij,jk->ik", X, X),
    lambda: lib.einsum("ij,j", X, IDS),
    lambda: X + IDS,
    lambda: X @ X,
    lambda: X + np.full((3, 2), SECRET),
    lambda: np.ones((3, 2)) + X,
    lambda: lib.concat((X, X[0])),
    lambda: lib.stack((X, X[0])),
    lambda: lib.jit(branching)(X),
    lambda: lib.grad(doubled)(X),
    lambda: lib.vjp(doubled, X)[1](X[0]),
    lambda: lib.ScalarTrainer((X,), first, sw.Options(debug_nans=True)).step(lr=reals(2)),
    lambda: lib.record(float, X),
    lambda: next(iter(sw.batches(X, IDS, size=2))),
]


@pytest.mark.parametrize("call", MADE, ids=range(len(MADE)))
def test_tensors(call: Callable[[], object]) -> None:
    errors = list(errors_of(call))
    assert len(errors) == 1
    shows_nothing(errors)


def test_the_number_is_found_where_it_is_shown() -> None:
    """The test itself: a message that shows an element does not pass."""
    with pytest.raises(AssertionError):
        shows_nothing([sw.ShapeError(f"the first element is {X.numpy()[0, 0]}")])
