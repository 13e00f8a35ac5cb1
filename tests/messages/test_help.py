"""A help line that says what to write is followed to the letter: then the program works. Where nothing fits, none is shown.

Each case is a program with one mistake; what it says to write replaces what it is about in the text of the program.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Iterator
from itertools import count
from types import ModuleType

import pytest

import shapewright as sw

HEAD = """\
from typing import Any, Generic, TypeVar
import numpy as np
import shapewright as sw

class Batch(sw.Dim): ...
class Pixels(sw.Dim):
    size = 6
class Hidden(sw.Dim): ...
class Digits(sw.Dim):
    size = 3

class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]

def some(*shape: int) -> Any:
    return sw.Tensor(np.full(shape, 0.5, np.float32))

@sw.typed
def head(h: sw.Tensor[Batch, Hidden], w: sw.Tensor[Hidden, Digits]) -> sw.Tensor[Batch, Digits]:
    return h @ w

@sw.typed
def loss(x: sw.Tensor[Batch, Digits], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x, y)

x, w, v, b = some(5, 6), some(6, 4), some(4, 3), some(4)
rows, labels = some(5), sw.IntTensor(np.zeros(5, int))
p = MLP(w, b, v)
"""
_programs = count()

# name: the program; the words that its help begins with
RIGHT = {
    "transposed weight": ("x @ w.T", "leave out the transpose: write `x @ w`"),
    "transpose of the second": ("h = x @ w\nh @ w", "transpose `w`: write `h @ w.mT`"),
    "transpose of the first": ("some(6, 5) @ w", "transpose `some(6, 5)`"),
    "transpose in a linear": ("sw.linear(x, some(4, 6))", "transpose"),
    "transpose in a sum": ("x + some(6, 5)", "transpose"),
    "exchanged operands": ("w @ x", "exchange the operands: write `x @ w`"),
    "exchanged in einsum": ('sw.einsum("bi,io->bo", w, x)', "exchange the operands"),
    "exchanged in a loss": ("sw.cross_entropy(labels, x)", "exchange the operands"),
    "keepdims in the line": ("x - x.mean(axis=1)", "keep the axis: write `x - x.mean(axis=1, keepdims=True)`"),
    "what does not change, as it is written": (
        "x*2e-1 - x.mean( axis = 1 )*3e-3",
        "insert an axis into `x.mean( axis = 1 ) * 3e-3`: write `x * 2e-1 - (x.mean( axis = 1 ) * 3e-3)[:, None]`",
    ),
    "arguments that do not change, as they are written": (
        "def tail(h: sw.Tensor[Batch, Hidden], w: sw.Tensor[Hidden, Digits], lr: float) -> Any:\n"
        "    return head(h, w) * lr\n"
        "tail = sw.typed(tail)\ntail(v, x@w, lr=3e-3)",
        "exchange `h` and `w`: write `tail(x @ w, v, lr=3e-3)` for `tail(v, x@w, lr=3e-3)`",
    ),
    "an argument that changes, as it is written": (
        "head(x @ w, some( 0b11,4 ))",
        "transpose `w`: write `some( 0b11,4 ).mT`",
    ),
    "an expression in an f-string": (
        'f"of {len(str((x*3e-3) @ some(3, 0x6)))} letters"',
        "transpose `some(3,",
    ),
    "texts that do not change, as they are written": (
        "sw.einsum('bi, io -> bo', w, x)",
        "exchange the operands: write `sw.einsum('bi, io -> bo', x, w)`",
    ),
    "keepdims by position": ("x / sw.sum(x, 1)", "keep the axis"),
    "keepdims of two axes": ("y = some(2, 3, 4)\ny - y.max((1, 2))", "keep the axis"),
    "keepdims that is False": ("x - x.mean(axis=-1, keepdims=False)", "keep the axis"),
    "keepdims in an earlier line": (
        "def f(x: Any) -> Any:\n    m = x.mean(axis=1)\n    return sw.exp(x - m)\nf(x)",
        "keep the axis: write `x.mean(axis=1, keepdims=True)` in line 32",
    ),
    "an axis to insert": ("x * rows", "insert an axis into `rows`: write `x * rows[:, None]`"),
    "an axis to insert into the first": ("rows - x", "insert an axis into `rows`"),
    "an axis to insert before it is repeated": ("rows.broadcast_to((5, 6))", "insert an axis"),
    "an axis to insert, of an array": ("x * np.ones(5, np.float32)", "insert an axis"),
    "in place": ("y = some(5, 6)\ny *= rows", "insert an axis into `rows`: write `y *= rows[:, None]`"),
    "an axis to take away": ("sw.mse_loss(x[:, :1], rows)", "take away the axis of size 1"),
    "a loss of a smaller operand": ("sw.mse_loss(x, x[0])", "repeat `x[0]`, if that is meant"),
    "reshape": ("x.reshape(7, 6)", "let -1 stand for what is left: write `x.reshape(-1, 6)`"),
    "reshape to a tuple": (
        "sw.reshape(some(2, 3, 5), (2, 16))",
        "let -1 stand for what is left: write `sw.reshape(some(2, 3, 5), (2, -1))`",
    ),
    "reshape to a vector": ("x.reshape(31)", "let -1 stand for what is left: write `x.reshape(-1)`"),
    "concat along another axis": ("sw.concat((x, some(5, 2)))", "they fit along axis 1"),
    "concat along a given axis": ("sw.concat((x, some(2, 6)), axis=1)", "they fit along axis 0"),
    "labels and reals": ("rows + labels", 'convert `labels`: write `rows + labels.astype("float32")`'),
    "labels and a number": ("labels * 0.5", 'convert `labels`: write `labels.astype("float32") * 0.5`'),
    "labels and reals, the other way round": (
        "labels * rows",
        'convert `labels`: write `labels.astype("float32") * rows`',
    ),
    "truth values": ("(rows > 0) * rows", "convert `rows > 0`"),
    "truth values and a number": ("(rows > 0) + 1", 'convert `rows > 0`: write `(rows > 0).astype("int64") + 1`'),
    "reals where truth values are meant": (
        "sw.logical_not(rows)",
        'convert `rows`: write `sw.logical_not(rows.astype("bool"))`',
    ),
    "an operator by its method": ("x.__matmul__(w.T)", "leave out the transpose: write `x.__matmul__(w)`"),
    "labels and reals, of a column and a row": (
        "labels[:, None] * some(3)",
        'convert `labels[:, None]`: write `labels[:, None].astype("float32") * some(3)`',
    ),
    "a number at the left of labels": ("1.0 / labels", 'convert `labels`: write `1.0 / labels.astype("float32")`'),
    "a whole number at the left of labels": ("2 ** labels", 'convert `labels`: write `2 ** labels.astype("float32")`'),
    "a number at the left of truth values": (
        "m = rows > 0\n1 - m",
        'convert `m`: write `1 - m.astype("int64")`',
    ),
    "a real number at the left of truth values": (
        "m = rows > 0\n1.0 * m",
        'convert `m`: write `1.0 * m.astype("float32")`',
    ),
    "a number compared with labels": ("0.5 < labels", 'convert `labels`: write `0.5 < labels.astype("float32")`'),
    "a number that is to equal labels": ("0.5 == labels", 'convert `labels`: write `0.5 == labels.astype("float32")`'),
    "labels that are to equal a number": ("labels == 0.5", 'convert `labels`: write `labels.astype("float32") == 0.5`'),
    "a number and an expression that are to be equal": (
        "half = 0.5\nhalf == (labels + 1)",
        'convert `labels + 1`: write `half == (labels + 1).astype("float32")`',
    ),
    "an array compared with labels": (
        "half = np.full(5, 0.5)\nhalf < labels",
        'convert `labels`: write `half < labels.astype("float64")`',
    ),
    "labels or a number": (
        "sw.where(rows > 0, labels, 0.5)",
        'convert `labels`: write `sw.where(rows > 0, labels.astype("float32"), 0.5)`',
    ),
    "a number or labels": (
        "m = rows > 0\nsw.where(m, 0.5, labels)",
        'convert `labels`: write `sw.where(m, 0.5, labels.astype("float32"))`',
    ),
    "one tensor in two places": (
        "m = rows > 0\nsw.where(m, 1, m)",
        'convert `m`: write `sw.where(m, 1, m.astype("int64"))`',
    ),
    "a list and labels": (
        "sw.mse_loss([1, 2, 3, 4, 5], labels)",
        'convert `labels`: write `sw.mse_loss([1, 2, 3, 4, 5], labels.astype("float32"))`',
    ),
    "a constant of another width": (
        "scale = sw.Tensor(np.ones(6))\nx * scale",
        'convert `scale`: write `x * scale.astype("float32")`',
    ),
    "an axis by its class": (
        "sw.Tensor[Batch, Pixels](x).sum(Pixels)",
        "`Pixels` is axis 1: write `sw.Tensor[Batch, Pixels](x).sum(1)`",
    ),
    "an axis of an argument by its class": (
        "def f(x: sw.Tensor[Batch, Pixels]) -> Any:\n    return sw.softmax(x, axis=Pixels)\nsw.typed(f)(x)",
        "`Pixels` is axis 1: write `sw.softmax(x, axis=1)`",
    ),
    "axes by their classes": (
        "t = sw.Tensor[Batch, Pixels](x)\nt.transpose(Pixels, Batch)",
        "`Pixels` is axis 1 and `Batch` is axis 0: write `t.transpose(1, 0)`",
    ),
    "one of two axes by its class": (
        "t = sw.Tensor[Batch, Pixels](x)\nt.mean((0, Pixels))",
        "`Pixels` is axis 1: write `t.mean((0, 1))`",
    ),
    "an order of two axes": (
        "t = some(2, 3, 4, 5)\nt.transpose(1, 2)",
        "to exchange two axes, give the order of all: write `t.transpose(0, 2, 1, 3)`",
    ),
    "an order of two axes from the end": (
        "t = some(2, 3, 4)\nt.transpose((-1, -2))",
        "to exchange two axes, give the order of all: write `t.transpose((0, 2, 1))`",
    ),
    "an order of two axes by keyword": (
        "sw.transpose(some(2, 3, 4), axes=(0, 2))",
        "to exchange two axes, give the order of all: write `sw.transpose(some(2, 3, 4), axes=(2, 1, 0))`",
    ),
    "exp of labels": ("sw.exp(labels)", "convert `labels`"),
    "an index of reals": ("sw.take(w, rows, axis=0)", "convert `rows`"),
    "targets of reals": ("sw.cross_entropy(x, rows)", "convert `rows`"),
    "exchanged arguments": ("head(v, x @ w)", "exchange `h` and `w`: write `head(x @ w, v)` for `head(v, x @ w)`"),
    "exchanged fields": ("MLP(b, w, v)", "exchange `w1` and `b1`"),
    "transposed argument": ("head(x @ w, some(3, 4))", "transpose `w`: write `some(3, 4).mT`"),
    "transposed argument, by keyword": ("head(h=x @ w, w=some(3, 4))", "transpose `w`"),
    "an argument that should not be transposed": (
        "head(x @ w, v.T.T.T)",
        "leave out the transpose: write `v.T.T`",
    ),
    "an argument that should not be transposed, by the other name": (
        "head(h=(x @ w).mT, w=v)",
        "leave out the transpose: write `x @ w`",
    ),
    "a field that should not be transposed": ("MLP(w, b, v.T)", "leave out the transpose: write `v`"),
    "transposed field": ("MLP(w, b, some(3, 4))", "transpose `w2`"),
    "axis of an argument": ("head(rows[:4], v)", "insert an axis into `h`"),
    "axis of an argument to take away": ("head(some(1, 5, 4), v)", "take the axis of size 1 from `h`"),
    "kind of an argument": ("loss(some(5, 3), rows)", 'convert `y`: write `rows.astype("int64")`'),
    "kind of an array": ("loss(some(5, 3), np.zeros(5))", 'convert `y`: write `np.zeros(5).astype("int64")`'),
    "lists": ("loss([[0.0, 1.0, 0.0]], np.zeros(1, int))", "make a tensor of `x`"),
    "labels in a list": ("loss(some(2, 3), [0, 1])", "make a tensor of `y`: write `sw.IntTensor([0, 1])`"),
    "a cell": (
        "cells = sw.ParamList.from_tensors(p)\nhead(x @ w, cells[2])",
        "pass the tensor of `w`: write `cells[2].value`",
    ),
    "an array of another kind": ("sw.Tensor(np.ones(3, int))", "convert `np.ones(3, int)`"),
    "an array of another kind, by keyword": ("sw.IntTensor(array=np.ones(3))", "convert `np.ones(3)`"),
    "a method of the user's that is called like a reduction": (
        "class Table:\n    def mean(self, axis: int) -> Any:\n        return rows\ntable = Table()\nx - table.mean(axis=1)",
        "insert an axis into `table.mean(axis=1)`",
    ),
    "a class that is imported by its name": (
        "from shapewright import IntTensor\nloss(some(2, 3), [0, 1])",
        "make a tensor of `y`: write `IntTensor([0, 1])`",
    ),
    "axes in another order": ("head(x @ w, sw.Tensor[Digits, Hidden](some(3, 4)))", "transpose `w`"),
    "an axis of another name": (
        "head(x @ w, sw.Tensor[Batch, Digits](some(4, 3)))",
        "if it is the same axis, give `w` its name: write `sw.Tensor[Hidden, Digits](",
    ),
    "an array for a step": (
        "def f(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:\n"
        "    return loss(head(x @ p.w1, p.w2), y)\n"
        'trainer = sw.ScalarTrainer(p, sw.typed(f), sw.Options(backend="eager"))\n'
        "trainer.step(x, np.zeros(5), lr=0.1)",
        'convert `y`: write `np.zeros(5).astype("int64")`',
    ),
    "inputs of a step": (
        "def f(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:\n"
        "    return loss(head(x @ p.w1, p.w2), y)\n"
        'trainer = sw.ScalarTrainer(p, sw.typed(f), sw.Options(backend="eager"))\n'
        "trainer.forward(labels, x)",
        "exchange `x` and `y`: write `trainer.forward(x, labels)` for `trainer.forward(labels, x)`",
    ),
}

# Programs of the same kinds that no such change repairs.
WRONG = {
    "no transpose": "x @ some(4, 3)",
    "a transpose of other axes": "sw.Tensor[Batch, Pixels](x) @ sw.Tensor[Hidden, Digits](some(5, 6))",
    "no exchange": "w @ some(5, 3)",
    "not the axis that was folded": "x - some(6, 5).mean(axis=1)[:3]",
    "kept already": "some(5, 3) - x.mean(axis=0, keepdims=True)",
    "assigned twice": "def f(x: Any) -> Any:\n    m = x\n    m = x.sum(1)[:4]\n    return x - m\nf(x)",
    "no axis to insert": "x * some(4)",
    "an outer sum is not meant": "some(3) + some(4)",
    "an outer sum of a kept axis": "x.sum(1) + some(4)",
    "an outer sum of two rows, with names": "sw.Tensor[Batch, Pixels](x).sum(1) + sw.Tensor[Hidden](b)",
    "an outer product of a new axis": "x[:1] * some(4)",
    "an outer sum of a row that is transposed": "some(1, 5) + some(1, 4)",
    "no axis to take away": "sw.mse_loss(some(5, 2), some(4))",
    "a reshape after a forgotten transpose": "y = some(2, 3, 5, 4)\ny.reshape(y.shape[0], y.shape[1], 12)",
    "a reshape to other axes": "sw.reshape(x, (2, 16))",
    "a reshape to an axis in another place": "x.reshape(6, 4)",
    "a reshape to some of the axes": "y = some(3, 5, 4)\ny.reshape(y.shape[0], 12)",
    "a reshape that leaves a rest": "x.reshape(4, 7)",
    "no axis to concat along": "sw.concat((some(2, 3), some(4, 5)))",
    "axes out of range": "x.sum(axis=2)",
    "a sum of Python's": "sum([x, some(5, 1, 5)])",
    "tensors that the library made": "sw.stack((some(2, 3), some(3, 3)))",
    "no cast of an object": "sw.take(w, sw.Tensor, axis=0)",
    "arguments": "head(some(5, 3), some(4, 4))",
    "fields": "MLP(b, b, b)",
    "a field that is transposed, of a pack with other mistakes": "MLP(w.T, b, v.T)",
    "fields in a wrong order": "MLP(w1=v, b1=some(3), w2=w)",
    "a field that fits when it is transposed, but for its axes": (
        "class Two(sw.Pack):\n    w1: sw.Tensor[Batch, Hidden]\n    b1: sw.Tensor[Hidden]\n"
        "w2 = sw.Tensor[Hidden, Digits](v)\nTwo(w1=w2, b1=b)"
    ),
    "an argument of another rank": "head(some(2, 2, 2), v)",
    "a text": 'head(x @ w, "weights")',
    "a list, and no name for its class": "g = loss\ndel sw\ng([[0.0, 1.0, 0.0]], np.zeros(1, int))",
    "kind and size": "loss(some(5, 3), some(5, 2))",
    "uneven lists": "loss([[0.0], [1.0, 2.0]], [0])",
    "a cell of another shape": "cells = sw.ParamList.from_tensors(p)\nhead(x @ w, cells[0])",
}


@pytest.fixture
def name() -> Iterator[str]:
    name = f"help_program_{next(_programs)}"
    yield name
    sys.modules.pop(name, None)
    linecache.cache.pop(f"{name}.py", None)


def run(text: str, name: str) -> None:
    """Run a program whose source Python can show."""
    file = f"{name}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = sys.modules[name] = ModuleType(name)
    exec(compile(text, file, "exec"), vars(module))


def refused(text: str, name: str) -> sw.ShapewrightError:
    with pytest.raises(sw.ShapewrightError) as caught:
        run(text, name)
    return caught.value


def followed(text: str, error: sw.ShapewrightError) -> str:
    """The program with what the help line says to write."""
    help, loc = error.diagnostic.help, error.diagnostic.loc
    assert help is not None and loc is not None
    found = re.fullmatch(r".*?: write `(.+?)`(?: for `(.+)`| in line (\d+))?", help)
    assert found is not None, help
    new, old, line = found.groups()
    lines = text.splitlines()
    if line is not None:
        (value,) = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Assign) and n.lineno == int(line)]
        at = (value.lineno, value.col_offset, value.end_col_offset or 0)
    else:
        at = (loc.line, loc.col, loc.end_col)
        assert loc.end_line == loc.line
    row, start, stop = at
    before = lines[row - 1]
    if old is not None:
        start = before.index(old)
        stop = start + len(old)
    lines[row - 1] = before[:start] + new + before[stop:]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("case", RIGHT)
def test_what_help_says_works(case: str, name: str) -> None:
    program, words = RIGHT[case]
    text = f"{HEAD}{program}\n"
    error = refused(text, name)
    assert str(error.diagnostic.help).startswith(words), error
    run(followed(text, error), name)


@pytest.mark.parametrize("case", WRONG)
def test_nothing_is_said_where_nothing_helps(case: str, name: str) -> None:
    error = refused(f"{HEAD}{WRONG[case]}\n", name)
    assert "write `" not in str(error) and "fits" not in str(error.diagnostic.help), error


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("head(hh=x @ w, w=v)", "`hh` is no parameter: did you mean `h`?"),
        ("MLP(w1=w, b=b, w2=v)", "did you mean `b1`?"),
        ("p.replace(w_2=v)", "did you mean `w2`?"),
        ('@sw.typed\ndef f(x: "sw.Tensor[Batch, Pixel]") -> Any: ...\nf(x)', "did you mean `Pixels`?"),
        ('sw.Options(backend="compield")', "did you mean 'compiled'?"),
        ('sw.Options(device="cudo")', "did you mean 'cuda'?"),
    ],
)
def test_names_that_are_almost_right(program: str, words: str, name: str) -> None:
    assert refused(f"{HEAD}{program}\n", name).diagnostic.help == words


@pytest.mark.parametrize(
    "program",
    [
        "head(x @ w, v, reduction=1)",
        "p.replace(bias_of_the_output=v)",
        '@sw.typed\ndef f(x: "sw.Tensor[Batch, Channels]") -> Any: ...\nf(x)',
        'sw.Options(backend="xla")',
        'sw.Options(checks="bad")',
        'sw.Options(dtype="int8")',
    ],
)
def test_names_that_are_not(program: str, name: str) -> None:
    assert "did you mean" not in str(refused(f"{HEAD}{program}\n", name))


@pytest.mark.parametrize("kind", ["Tensor", "IntTensor", "BoolTensor"])
@pytest.mark.parametrize(
    "axes", ['"batch in"', 'Batch, "in"', '"*batch 3"', '""'], ids=["words", "keyword", "jaxtyping", "empty"]
)
def test_axes_in_a_text(kind: str, axes: str, name: str) -> None:
    error = refused(f"{HEAD}Rows = sw.{kind}[{axes}]\n", name)
    assert isinstance(error, sw.ShapeError)
    d = error.diagnostic
    text = axes.rpartition(", ")[2].strip('"')
    assert (error.code, d.message) == ("SW105", f"`{text}` is not an axis: axes are classes, one for each")
    assert d.help == f"write `class Batch(sw.Dim): ...`, then `{kind}[Batch, ...]`"
    assert d.loc is not None
    assert d.loc.line == HEAD.count("\n") + 1


@pytest.mark.parametrize(
    "program",
    [
        "@sw.typed\ndef f(x: 'sw.Tensor[\"rows cols\"]') -> None: ...\nf(x)",
        "class P(sw.Pack):\n    w: 'sw.Tensor[\"rows cols\"]'\nP(x)",
    ],
    ids=["function", "pack"],
)
def test_axes_in_a_text_in_a_text(program: str, name: str) -> None:
    d = refused(f"{HEAD}{program}\n", name).diagnostic
    assert d.message == "`rows cols` is not an axis: axes are classes, one for each"
    assert d.loc is not None
    assert "rows cols" in d.loc.text


def test_a_class_that_is_defined_later(name: str) -> None:
    program = (
        '@sw.typed\ndef f(x: sw.Tensor["Late", Pixels]) -> sw.Tensor["Late", "Hidden"]:\n    return x @ w\n'
        "class Late(sw.Dim): ...\nassert f(x).shape == (5, 4)"
    )
    run(f"{HEAD}{program}\n", name)


@pytest.mark.parametrize(
    ("method", "given", "more"),
    [("zeros", "", ""), ("ones", "", ""), ("full", "0.5", "value, "), ("normal", "std=0.1", ""), ("uniform", "", "")],
)
def test_a_size_that_is_not_known(method: str, given: str, more: str, name: str) -> None:
    d = refused(f"{HEAD}sw.Tensor[Batch, Pixels].{method}({given})\n", name).diagnostic
    assert (d.message, d.help) == (
        f".{method}() does not know the size of Batch",
        f"give the sizes: .{method}({more}shape=...)",
    )
    start = "0.5, " if more else ""
    run(f"{HEAD}sw.Tensor[Batch, Pixels].{method}({start}shape=(5, 6))\n", name)


@pytest.mark.parametrize(
    "program",
    [
        # another use of the variable would go on with an axis more
        "def f(x: Any) -> Any:\n    m = x.mean(1)\n    d = x - m\n    return d / m[:, None]\nf(x)",
        # methods of the user's have no keepdims
        "class O:\n    def mean(self, axis: int) -> Any:\n        return x.mean(axis)\nx - O().mean(1)",
        "class O:\n    inner = x\n    def mean(self, axis: int) -> Any:\n        return x.mean(axis)\no = O()\nx - o.mean(1)",
    ],
)
def test_an_axis_is_not_kept_where_that_changes_more(program: str, name: str) -> None:
    assert "keepdims" not in str(refused(f"{HEAD}{program}\n", name).diagnostic.help)


def test_arrays_of_numpy_have_no_methods_of_tensors(name: str) -> None:
    error = refused(f"{HEAD}sw.mse_loss(x, np.zeros((5, 1), np.float32))\n", name)
    assert ".broadcast_to" not in str(error.diagnostic.help)
