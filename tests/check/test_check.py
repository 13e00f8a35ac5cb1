"""`check_source`: wrong programs give exactly the errors that their lines say, right ones none.

The programs are in programs/*.txt: no type checker is asked about them. A line with a mistake ends in the code of its error.
`pytest --update-golden` writes golden/ anew; read the difference before committing it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import shapewright as sw
from shapewright.runtime.check import CheckResult, Diagnostic, Value, check_source
from shapewright.runtime.check.functions import small
from shapewright.runtime.check.show import report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAMS = HERE / "programs"
GOLDEN = HERE / "golden"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"
MESSAGES = ("transposed_weight", "missing_keepdims", "nested_call", "pack_order", "result_axes", "two_errors")
NEEDS_DATA = {"digits_mlp", "flop_counter", "certify_digits"}

HEAD = """\
from typing import Any
import shapewright as sw
class Batch(sw.Dim): ...
class Seq(sw.Dim): ...
class Ten(sw.Dim):
    size = 10
"""

Check = Callable[[str], CheckResult]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def program(folder: Path) -> Check:
    """The result for a program of programs/, checked once."""

    @cache
    def checked(name: str) -> CheckResult:
        path = folder / f"{name}.py"
        path.write_text((PROGRAMS / f"{name}.txt").read_text())
        return check_source(path)

    return checked


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """The result for a text after the usual imports and axes."""

    def checked(text: str) -> CheckResult:
        path = tmp_path / "program.py"
        path.write_text(HEAD + text)
        return check_source(path)

    return checked


def expected(name: str) -> list[tuple[int, str]]:
    lines = (PROGRAMS / f"{name}.txt").read_text().splitlines()
    return [(n, found[1]) for n, line in enumerate(lines, 1) if (found := re.search(r"# (SW\d+)$", line))]


def found(result: CheckResult) -> list[tuple[int, str]]:
    return [(d.span.line, d.code) for d in result.diagnostics]


# ---- programs
def test_wrong_programs(program: Check) -> None:
    assert len(expected("wrong")) >= 45
    assert found(program("wrong")) == expected("wrong")
    assert program("wrong").summary == "52 errors in 49 functions, 53 functions checked"


def test_right_programs(program: Check) -> None:
    result = program("right")
    assert found(result) == []
    assert result.checked == len(result.functions) >= 28
    assert result.summary == f"{result.checked} functions checked, no errors"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_examples_are_right(path: Path) -> None:
    if path.stem in NEEDS_DATA:
        pytest.importorskip("sklearn", reason="scikit-learn (the extra `data`) is not installed")
    assert list(report(check_source(path)))[:-1] == []


def test_the_program_of_the_demo_is_right() -> None:
    result = check_source(Path(sw.__file__).parent / "digits.py")
    assert list(report(result)) == ["2 functions checked, no errors"]
    assert [f.name for f in result.functions] == ["logits", "loss"]


@pytest.mark.parametrize("function", MESSAGES)
def test_whole_messages(program: Check, folder: Path, function: str) -> None:
    chosen = [d for d in program("wrong").diagnostics if d.function == function]
    lines = list(report(CheckResult("wrong.py", True, tuple(chosen))))[:-1]
    text = "\n".join(lines).replace(f"{folder}{os.sep}", "") + "\n"
    path = GOLDEN / f"{function}.txt"
    if UPDATE:
        path.write_text(text)
    assert path.exists(), f"no golden file for {function}: did you forget --update-golden?"
    assert text == path.read_text()


# ---- the same words as at run time
def test_the_text_is_that_of_eager_code(tmp_path: Path) -> None:
    text = HEAD + (
        "@sw.typed\n"
        "def f(x: sw.Tensor[Ten], y: sw.Tensor[Ten, Ten]) -> sw.Scalar:\n"
        "    return sw.concat((x, y)).sum()\n"
    )
    path = tmp_path / "eager.py"
    path.write_text(text)
    (diagnostic,) = check_source(path).diagnostics
    space: dict[str, object] = {"__name__": "eager_program"}
    exec(compile(text, str(path), "exec"), space)
    f = space["f"]
    assert callable(f)
    with pytest.raises(sw.ShapeError) as error:
        f(sw.zeros(10), sw.zeros((10, 10)))
    shown = str(error.value).replace("Tensor[10]", "Tensor[Ten=10]").replace("[10, 10]", "[Ten=10, Ten=10]")
    assert diagnostic.text == shown.replace("f32[10]", "f32[Ten=10]")


# ---- sizes
def test_one_mistake_is_one_error(check: Check) -> None:
    result = check(
        """
@sw.typed
def f(x: sw.Tensor[Batch, Ten], w: sw.Tensor[Seq, Ten]) -> sw.Scalar:
    h = x @ w
    a, b = sw.softmax(h), h.T * 2
    c = sw.concat((a, b), axis=0).reshape(3, 4)[1:]
    return sw.mse_loss(c, c)
"""
    )
    assert [(d.span.line, d.span.column, d.code) for d in result.diagnostics] == [(10, 9, "SW101")]


def test_python_that_needs_a_size(check: Check) -> None:
    result = check(
        """
@sw.typed
def loops(x: sw.Tensor[Batch, Seq, Ten], w: sw.Tensor[Ten, Seq]) -> sw.Tensor[Batch, Ten]:
    h = sw.zeros((x.shape[0], 10))
    for t in range(x.shape[1]):
        h = h @ w + x[:, t]
    return h
"""
    )
    (error,) = result.diagnostics
    assert (error.span.line, error.code) == (12, "SW101")
    assert error.notes[-1] == "found with Seq=103, which stands for any size"


def test_what_only_some_sizes_make_is_a_note(check: Check) -> None:
    result = check(
        """
@sw.typed
def thirds(x: sw.Tensor[Batch]) -> sw.Tensor[Any, Any]:
    return x.reshape(-1, 3)

@sw.typed
def even(x: sw.Tensor[Batch]) -> sw.Scalar:
    assert x.shape[0] % 2 == 0
    return x.sum()
"""
    )
    assert result.diagnostics == ()
    assert [(n.line, n.text.partition(":")[0]) for n in result.notes] == [
        (10, "`thirds` fails with some sizes (Batch=101)"),
        (14, "`even` fails with some sizes (Batch=101)"),
    ]


def test_what_only_large_sizes_make_is_a_note(check: Check) -> None:
    result = check(
        """
class MaxSeq(sw.Dim):
    size = 32
class Net(sw.Pack):
    table: sw.Tensor[Ten, Seq]
    pos: sw.Tensor[MaxSeq, Seq]
class Time(sw.Dim): ...

@sw.typed
def positions(p: Net, ids: sw.IntTensor[Batch, Time]) -> sw.Tensor[Batch, Time, Seq]:
    pos = p.pos[: ids.shape[1]]
    return sw.embedding(ids, p.table) + pos

@sw.typed
def short(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    assert x.shape[0] <= 64
    return x

@sw.typed
def short_quarters(x: sw.Tensor[Batch]) -> sw.Tensor[Any]:
    rows = x.reshape(-1, 4)
    assert rows.shape[0] <= 16
    return rows.sum(1)
"""
    )
    assert result.diagnostics == ()
    assert [n.line for n in result.notes] == [18, 22, 27, 28]
    assert result.notes[0].text.startswith("`positions` fails with some sizes (Time=107): ")


def test_a_mistake_behind_a_line_that_fails_with_some_sizes(check: Check) -> None:
    """A trial that did not come so far says nothing about it; one that did says that the first line may be right."""
    result = check(
        """
class In(sw.Dim):
    size = 6

@sw.typed
def behind(x: sw.Tensor[Batch, In]) -> sw.Tensor[Any]:
    rows = x.reshape(-1, 4)
    return sw.rellu(rows.sum(0))

@sw.typed
def in_a_line(x: sw.Tensor[Batch, In]) -> sw.Tensor[Any]:
    rows = x.reshape(-1, 4); return rows.foo

@sw.typed
def of_its_result(x: sw.Tensor[Batch, In], w: sw.Tensor[Ten, Ten]) -> sw.Scalar:
    rows = x.reshape(-1, 4)
    for _ in range(2):
        y = rows @ w
    return y.sum()

def scores(rows: Any, w: Any) -> Any:
    return rows @ w

@sw.typed
def in_a_helper(x: sw.Tensor[Batch, In], w: sw.Tensor[Ten, Ten]) -> sw.Scalar:
    return scores(x.reshape(-1, 4), w).sum()

@sw.typed
def result(x: sw.Tensor[Batch, In]) -> sw.Tensor[Ten]:
    return x.reshape(-1, 4).sum(0)

@sw.typed
def guarded(x: sw.Tensor[Batch, In], w: sw.Tensor[Ten, Ten]) -> sw.Scalar:
    if x.shape[0] > 50:
        raise ValueError("too many")
    return (x @ w).sum()
"""
    )
    assert found(result) == [(14, "SW000"), (18, "SW000"), (24, "SW101"), (28, "SW101"), (36, "SW101"), (42, "SW101")]
    assert [n.line for n in result.notes] == [13, 22, 32, 41]
    assert all("which stands for any size" in d.notes[-1] for d in result.diagnostics)


def test_names_that_do_not_exist_behind_another_error(check: Check) -> None:
    result = check(
        """
@sw.typed
def module(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    y = x @ x
    return sw.rellu(y)

@sw.typed
def attribute(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    y = x @ x
    return x.foo + y

@sw.typed
def name(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    y = x @ x
    return missing(y)

@sw.typed
def of_what_is_unknown(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    y = x @ x
    return y.foo

@sw.typed
def of_what_an_error_made(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    y = float((x @ x).sum())
    return x * int(y)
"""
    )
    assert found(result) == [
        (10, "SW101"),
        (11, "SW000"),
        (15, "SW101"),
        (16, "SW000"),
        (20, "SW101"),
        (21, "SW000"),
        (25, "SW101"),
        (30, "SW101"),
    ]


def test_bounds_and_multiples_together(check: Check) -> None:
    """Some size that fits every line is tried, and an assertion is no error if one trial does not make it."""
    result = check(
        """
class Model(sw.Dim): ...
class MaxSeq(sw.Dim):
    size = 32
class Kernel(sw.Dim):
    size = 16

@sw.typed
def heads(x: sw.Tensor[Batch, Seq, Model], pos: sw.Tensor[MaxSeq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    b, s, m = x.shape
    h = x.reshape(b, s, 4, m // 4).transpose((0, 2, 1, 3))
    assert m % 8 == 0
    assert s <= 32
    return h.transpose((0, 2, 1, 3)).reshape(b, s, m) + pos[:s]

@sw.typed
def blocks(x: sw.Tensor[Batch, Seq], pos: sw.Tensor[Kernel, Batch]) -> sw.Tensor[Seq, Batch]:
    rows = x.reshape(x.shape[0] // 6, 6, x.shape[1])
    return rows.reshape(x.shape[0], x.shape[1]).T + pos[: rows.shape[2]]
"""
    )
    assert result.diagnostics == ()
    assert {n.text.partition(" ")[0] for n in result.notes} == {"`heads`", "`blocks`"}


@pytest.mark.parametrize("fixed", [(), (2, 3, 5), (4, 8, 16, 32, 64), range(1, 40)])
def test_small_sizes_are_no_sizes_of_the_program(fixed: tuple[int, ...]) -> None:
    primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
    numbers = small(primes, fixed)
    sizes = {numbers(i) for i in range(3)}
    assert sizes <= set(primes) - set(fixed)
    assert len(sizes) == 3


def test_small_sizes_do_not_add_up() -> None:
    numbers = small((2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31), (10, 8))
    assert [numbers(i) for i in range(4)] == [3, 17, 19, 23]  # 2 + 8, 5 + 5, 7 + 3 are 10; 11 is 3 + 8; 13 is 3 + 10


def test_sizes_that_agree_by_accident(check: Check) -> None:
    """101 is the first number that stands for a symbol, unless it is a size of the program."""
    result = check(
        """
class Odd(sw.Dim):
    size = 101

@sw.typed
def f(x: sw.Tensor[Batch, Ten], y: sw.Tensor[Odd, Ten]) -> sw.Tensor[Batch, Ten]:
    for _ in range(x.shape[0]):
        x = x + y
    return x
"""
    )
    assert found(result) == [(14, "SW101")]


# ---- what cannot be bound
def test_functions_that_are_not_checked_are_notes(check: Check) -> None:
    result = check(
        """
@sw.typed
def axis(x: sw.Tensor[Batch, Any]) -> sw.Scalar:
    return x.sum()

@sw.typed
def constant(x: sw.Tensor[Batch], n: int) -> sw.Scalar:
    return x.sum(n)

class Net:
    @sw.typed
    def method(self, x: sw.Tensor[Batch]) -> sw.Scalar:
        return x.sum()

    @staticmethod
    @sw.typed
    def helper(x: sw.Tensor[Batch]) -> sw.Scalar:
        return x
"""
    )
    assert found(result) == [(24, "SW101")]
    assert [f.reason for f in result.functions] == [
        "cannot be bound: axis 1 of `x: Tensor[Batch, _]` is Any; write @sw.example(x=(3, 5), Batch=3)",
        "cannot be bound: `n` has no default; write @sw.example(n=1)",
        "cannot be bound: `self` is a Net, which is no pack; check a function of it instead",
        None,
    ]
    assert [n.line for n in result.notes] == [9, 13, 18]
    assert result.summary == "1 error in 1 function, 1 function checked"


OPEN = """
from typing import Generic, TypeVar
I = TypeVar("I")

class Dense(sw.Pack, Generic[I]):
    w: sw.Tensor[Ten, I]
    n: int

class Net(sw.Pack):
    layer: Dense[Seq]
    extra: sw.Tensor[Any]

def initial(seed: int = 0) -> Net:
    return Net(Dense(sw.zeros((10, 4)), 3), sw.zeros(3))

def dense() -> "Dense[Seq]":
    return Dense(sw.zeros((10, 4)), 3)
"""


@pytest.mark.parametrize(
    ("parameters", "advice"),
    [
        ("x: sw.Tensor[Batch, Any], y: sw.Tensor[Batch]", "x=(3, 5), Batch=3"),
        ("y: sw.Tensor, x: sw.Tensor[Batch, Ten, Any]", "y=(3, 5), x=(3, 10, 7), Batch=3"),
        ("n: int, x: sw.Tensor[Any], *, a: float, b: bool, c: str", 'n=1, x=(3,), a=0.5, b=True, c=""'),
        ("p: Net, x: sw.Tensor[Batch, Ten]", "p=initial()"),
        ("d: Dense, x: sw.Tensor[Batch, Ten]", "d=dense()"),
        ("t: tuple[Dense[Seq], int], x: sw.Tensor[Batch, Ten]", "t=(dense(), 1,)"),
    ],
)
def test_the_advice_is_code_that_works(check: Check, parameters: str, advice: str) -> None:
    function = f"@sw.typed\ndef f({parameters}) -> sw.Scalar:\n    return x.sum()\n"
    (before,) = check(OPEN + function).functions
    assert before.reason is not None and before.reason.endswith(f"; write @sw.example({advice})")
    after = check(f"{OPEN}@sw.example({advice})\n{function}")
    assert (found(after), after.functions[0].reason, after.notes) == ([], None, ())


def test_no_code_is_proposed_where_none_is_known(check: Check) -> None:
    result = check(
        """
class Net(sw.Pack):
    n: int
    w: sw.Tensor[Batch]

class Wide(sw.Pack):
    w: sw.Tensor[Any]

def later() -> Net:
    return Net(1, sw.zeros(3))

@sw.typed
def packs(p: Wide, q: Net) -> sw.Scalar:
    return p.w.sum()

@sw.example(n=2)
@sw.typed
def partly(n: int, x: sw.Tensor[Any]) -> sw.Scalar:
    return x.sum()
"""
    )
    assert [f.reason for f in result.functions] == [
        "cannot be bound: axis 0 of `p.w: Tensor[_]` is Any; `q.n` has no default; sw.example can say what `p` and `q` may be",
        "cannot be bound: axis 0 of `x: Tensor[_]` is Any; add x=(3,) to its sw.example",
    ]


def test_dicts_have_an_entry_for_every_key(check: Check) -> None:
    result = check(
        """
class Layer(sw.Pack):
    w: sw.Tensor[Ten, Ten]

class Net(sw.Pack):
    mlp: dict[str, Layer]
    scale: dict[str, sw.Tensor[Ten]]

@sw.typed
def logits(p: Net, x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    h = sw.relu(x @ p.mlp["first"].w)
    for layer in p.mlp.values():
        h = h @ layer.w
    if "bias" in p.scale:
        h = h + p.scale["bias"] * p.scale.get("last")
    return h

@sw.typed
def loss(p: Net, x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    return logits(p, x).sum()

@sw.typed
def step(p: Net, x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    g = sw.grad(loss)(p, x)
    q = Net({k: Layer(v.w - g.mlp["first"].w) for k, v in p.mlp.items()}, g.scale)
    return loss(q, x)

@sw.typed
def wrong(d: dict[str, sw.Tensor[Batch, Ten]]) -> sw.Tensor[Batch, Batch]:
    a, b = d["a"], d["first"]
    return a @ b

@sw.typed
def wrong_in_a_pack(p: Net, x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    return x @ p.mlp["first"].w[0] @ p.scale["x"].rellu()

@sw.typed
def returned(x: sw.Tensor[Batch, Ten]) -> dict[str, sw.Tensor[Ten, Batch]]:
    return {"t": x}
"""
    )
    assert found(result) == [(37, "SW101"), (41, "SW000"), (45, "SW101")]
    assert result.checked == len(result.functions) == 6


def test_examples_that_are_wrong(check: Check) -> None:
    result = check(
        """
@sw.example(x=(3, 11))
@sw.example(x=(3, 10))
@sw.typed
def f(x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    return x.sum()
"""
    )
    assert found(result) == [(11, "SW101")]
    assert result.functions[0].span.line == 11


def test_an_example_changes_nothing_else() -> None:
    def f(x: sw.Tensor[()], n: int) -> sw.Tensor[()]:
        return x * n

    decorated = sw.example(n=4)(f)
    assert decorated is f
    assert float(decorated(sw.Scalar(2.0), 3)) == 6.0


# ---- types of expressions
def value_at(values: tuple[Value, ...], line: int, column: int, end: int) -> str:
    (one,) = [v.text for v in values if (v.span.line, v.span.column, v.span.end_column) == (line, column, end)]
    return one


def test_types_of_expressions(check: Check) -> None:
    result = check(
        """
class Layer(sw.Pack):
    w: sw.Tensor[Ten, Ten]

@sw.typed
def f(p: Layer, x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch]:
    é = sw.relu(x @ p.w)
    return é.sum(1)
"""
    )
    (f,) = result.functions
    assert [(v.span.line, v.span.column, v.span.end_column, v.text, v.name) for v in f.values] == [
        (12, 7, 8, "Layer", "p"),
        (12, 17, 18, "Tensor[Batch, Ten=10]", "x"),
        (13, 5, 6, "Tensor[Batch, Ten=10]", "é"),
        (13, 9, 25, "Tensor[Batch, Ten=10]", "é"),
        (13, 17, 18, "Tensor[Batch, Ten=10]", "x"),
        (13, 17, 24, "Tensor[Batch, Ten=10]", None),
        (13, 21, 22, "Layer", "p"),
        (13, 21, 24, "Tensor[Ten=10, Ten=10]", "p.w"),
        (14, 12, 13, "Tensor[Batch, Ten=10]", "é"),
        (14, 12, 20, "Tensor[Batch]", None),
    ]


def test_types_in_parts_and_costs(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        HEAD
        + """
class Layer(sw.Pack):
    w: sw.Tensor[Ten, Seq]

@sw.typed
def layer(p: Layer, x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Seq]:
    return sw.relu(x @ p.w)

@sw.typed
def f(p: Layer, x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    h = layer(p, x)
    for _ in range(2):
        h = h * 2.0
    return h.mT.sum() + h.mean()
"""
    )
    layer, f = check_source(path, costs=True).functions
    assert (layer.lines, f.lines) == ((13,), (13, 19, 20))
    at = {(v.span.line, v.span.column, v.span.end_column): v for v in f.values if v.work is not None}
    assert {place: (v.work.ops, v.work.flops, v.work.bytes) for place, v in at.items() if v.work is not None} == {
        (17, 9, 20): (("matmul", "relu"), "21*Batch*Seq", "12*Batch*Seq + 40*Batch + 40*Seq"),
        (19, 13, 20): (("mul",), "Batch*Seq", "8*Batch*Seq"),
        (20, 12, 16): (("transpose",), "0", "0"),
        (20, 12, 22): (("sum",), "Batch*Seq + Seq", "4*Batch*Seq + 4"),
        (20, 12, 33): (("add",), "1", "12"),
        (20, 25, 33): (("mean",), "Batch*Seq + Batch + 1", "4*Batch*Seq + 12"),
    }
    h = at[17, 9, 20]
    assert (h.name, h.dtype, h.axes) == ("h", "float32", (("Batch", "Batch"), ("Seq", "Seq")))
    (p,) = {v.fields for v in f.values if v.name == "p"}
    assert p == (("w", "Tensor[Ten=10, Seq]"),)
    assert all(v.work is None for g in check_source(path).functions for v in g.values)


def test_numbers_that_stand_for_any_size(check: Check) -> None:
    result = check(
        """
@sw.typed
def f(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    for _ in range(x.shape[0]):
        x = x + x
    return x

@sw.typed
def g(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    return x
"""
    )
    assert [dict(f.numbers) for f in result.functions] == [{"Batch": 101}, {}]


def test_types_after_an_error(program: Check) -> None:
    f = next(f for f in program("wrong").functions if f.name == "result_of_a_wrong_call_is_what_it_says")
    line = f.span.line + 1
    assert value_at(f.values, line, 5, 6) == "Tensor[Batch, Digits=10]"


# ---- errors
def test_errors_are_data(program: Check) -> None:
    d: Diagnostic = program("wrong").diagnostics[1]
    assert (d.function, d.code) == ("matmul_axes", "SW101")
    assert (d.span.column, d.span.end_column, d.span.end_line) == (17, 25, d.span.line)
    assert d.details[:2] == ("x: Tensor[Batch, Pixels=64]", "p.w2: Tensor[Hidden=32, Digits=10]")
    assert d.details[2] == "axis 1 of `x` (Pixels=64) must equal axis 0 of `p.w2` (Hidden=32)"
    assert d.help is None  # no transpose fits
    d = next(d for d in program("wrong").diagnostics if d.function == "transposed_weight")
    assert d.help == "leave out the transpose: write `x @ p.w1`"


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(sw.OptionError, match="there is no file"):
        check_source(tmp_path / "nothing.py")
    with pytest.raises(sw.OptionError, match="timeout=0"):
        check_source(__file__, timeout=0)


def test_misspelled_keywords(check: Check) -> None:
    lines = [
        "    y = sw.softmax(x, axs=1)",
        "    z = sw.scaled_dot_product_attention(x, x, x, is_casual=True)",
        "    s = x.sum(1, keepdim=True) + sw.Tensor.zeros(shap=(2,))",
        "    t = sw.relu(x, colour=1)",
        "    return x.sum() + x.sum(axis=2)",
    ]
    head = "@sw.typed\ndef f(x: sw.Tensor[Batch, Seq]) -> sw.Scalar:\n"
    first = (HEAD + head).count("\n") + 1
    found = check(head + "\n".join(lines)).diagnostics
    places = [
        (e.span.line - first, lines[e.span.line - first][e.span.column - 1 : e.span.end_column - 1]) for e in found
    ]
    assert list(zip(places, [e.help for e in found], strict=True)) == [
        ((0, "axs=1"), "did you mean `axis`?"),
        ((1, "is_casual=True"), "did you mean `is_causal`?"),
        ((2, "keepdim=True"), "write keepdims= for keepdim="),
        ((2, "shap=(2,)"), "did you mean `shape`?"),
        ((3, "colour=1"), None),
        ((4, "x.sum(axis=2)"), None),
    ]


def test_a_class_that_cannot_be_is_a_diagnostic(check: Check) -> None:
    block = "class Block(sw.Pack):\n    w: sw.Tensor[Ten]\n\n"
    (d,) = check(f"{block}class Net(sw.Pack):\n    blocks: list[Block]\n").diagnostics
    assert (d.code, d.help) == ("SW204", "declare it as `tuple[Block, ...]` (or a sw.TList)")
