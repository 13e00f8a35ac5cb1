"""mypy with the plugin: what it computes, what it refuses, and that it refuses nothing that is right.

A line of a program may end in `# E: TEXT`, an error of the plugin whose message has the text, or `# E[code]`, an error
of mypy itself that the plugin's types make; no other line may be refused. `reveal_type(x)  # TYPE` says what is revealed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from .checkers import PACKAGE, PYTHON, install_library
from .corpus import HERE

pytest.importorskip("mypy")
pytestmark = pytest.mark.checkers

HEAD = """
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeVar, overload, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Half(sw.Dim):
    size = 64 // 2


class Other(sw.Dim):
    size = 32


class Whole(Pixels): ...


N = TypeVar("N")
M = TypeVar("M")
L2, L3, L4, L5, L6 = Literal[2], Literal[3], Literal[4], Literal[5], Literal[6]
WIDTH: Final = 3
""".replace(
    "L2, L3, L4, L5, L6 = Literal[2], Literal[3], Literal[4], Literal[5], Literal[6]",
    "\n".join(f"L{n} = Literal[{n}]" for n in range(2, 7)),
)


@dataclass
class Said:
    """What mypy says: errors (code, message) and revealed types by line, and everything else."""

    errors: dict[int, list[tuple[str, str]]] = field(default_factory=dict[int, "list[tuple[str, str]]"])
    types: dict[int, str] = field(default_factory=dict[int, str])


Folder: TypeAlias = Path


def configure(folder: Folder, plugin: bool = True, path: str = "lib") -> None:
    """A strict configuration, with the plugin or without it."""
    lines = ["[mypy]", "strict = true", f"mypy_path = {path}", f"python_version = {PYTHON}"]
    lines += ["plugins = shapewright.mypy"] if plugin else []
    (folder / "mypy.ini").write_text("\n".join([*lines, ""]))


def run_mypy(folder: Folder, *files: str, path: str = "lib", command: tuple[str, ...] = ("-m", "mypy")) -> Said:
    """Run mypy in a folder with the library, and read its JSON."""
    env = {**os.environ, "PYTHONPATH": str(folder / path)}
    options = ["--output", "json", "--python-executable", sys.executable]
    done = subprocess.run(
        [sys.executable, *command, *options, *files],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return read(done.stdout)


def read(text: str) -> Said:
    said = Said()
    for entry in (json.loads(line) for line in text.splitlines() if line.startswith("{")):
        line, message = entry["line"], entry["message"]
        if entry["severity"] == "error":
            said.errors.setdefault(line, []).append((entry["code"], message))
        elif (shown := re.match(r'Revealed type is "(.*)"$', message)) is not None:
            said.types[line] = re.sub(r"\b[a-z_]\w*\.(?=\w)", "", shown[1])
    return said


def wrong_lines(text: str, said: Said) -> list[str]:
    """What mypy says of a program and should not, or should and does not."""
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        errors = said.errors.get(number, [])
        own = re.search(r"  # E: (.*)$", line)
        of_mypy = re.search(r"  # E\[([\w-]+)\]$", line)
        shown = re.search(r"\breveal_type\(.*\)  # (?!E[:\[])(.*)$", line)
        if own is not None:
            fits = len(errors) == 1 and errors[0][0] == "shapewright" and own[1] in errors[0][1]
            found += [] if fits else [f"{line.strip()}: {errors}"]
        elif of_mypy is not None:
            found += [] if [e[0] for e in errors] == [of_mypy[1]] else [f"{line.strip()}: {errors}"]
        elif errors:
            found.append(f"{line.strip()}: {errors}")
        if shown is not None and said.types.get(number) != shown[1]:
            found.append(f"{line.strip()}: reveals {said.types.get(number)}")
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A user's folder, and the package in it as a wheel lays it out: apart from this checkout."""
    folder = tmp_path_factory.mktemp("plugin")
    install_library(folder)
    configure(folder)
    return folder


def check(folder: Folder, name: str, text: str) -> Said:
    (folder / f"{name}.py").write_text(text)
    return run_mypy(folder, f"{name}.py")


# ---- what it computes
COMPUTES = (
    HEAD
    + """

def movement(x: sw.Tensor[L2, L6], p: sw.Tensor[Batch, Pixels], i: sw.IntTensor[L4, L3], b: sw.BoolTensor[L3]) -> None:
    reveal_type(sw.reshape(x, (3, 4)))  # Tensor[Literal[3], Literal[4]]
    reveal_type(sw.reshape(x, (WIDTH, -1)))  # Tensor[Literal[3], Literal[4]]
    reveal_type(x.reshape(2, 3, 2, 1))  # Tensor[Literal[2], Literal[3], Literal[2], Literal[1]]
    reveal_type(x.reshape((-1,)))  # Tensor[Literal[12]]
    reveal_type(p.reshape(-1, 16, 2 * 2))  # Tensor[Batch, Literal[16], Literal[4]]
    reveal_type(p.reshape(p.shape[0], p.shape[1] * 1))  # Tensor[Batch, Literal[64]]
    reveal_type(i.reshape(-1))  # IntTensor[Literal[12]]
    reveal_type(b.reshape(1, 3))  # BoolTensor[Literal[1], Literal[3]]
    reveal_type(sw.flatten(x))  # Tensor[Literal[12]]
    reveal_type(i.flatten())  # IntTensor[Literal[12]]
    reveal_type(sw.flatten(p, 0, 1))  # Tensor[Any]
    reveal_type(sw.unsqueeze(p, 1))  # Tensor[Batch, Literal[1], Pixels]
    reveal_type(sw.squeeze(sw.unsqueeze(p, 1), 1))  # Tensor[Batch, Pixels]
    reveal_type(i.unsqueeze((0, 2)))  # IntTensor[Literal[1], Literal[4], Literal[1], Literal[3]]
    reveal_type(sw.broadcast_to(b, (2, -1)))  # BoolTensor[Literal[2], Literal[3]]
    reveal_type(x.broadcast_to(4, 2, 6))  # Tensor[Literal[4], Literal[2], Literal[6]]
    reveal_type(sw.permute(sw.unsqueeze(p, 0), (2, 0, 1)))  # Tensor[Pixels, Literal[1], Batch]
    reveal_type(sw.repeat(p, 2, axis=1))  # Tensor[Batch, Literal[128]]
    reveal_type(sw.pad(x, ((0, 0), (1, 2))))  # Tensor[Literal[2], Literal[9]]
    reveal_type(sw.pad(x, 1, value=0.5))  # Tensor[Literal[4], Literal[8]]


def joining(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5], p: sw.Tensor[Batch, Pixels], h: sw.Tensor[Batch, Half]) -> None:
    reveal_type(sw.concat((x, y), axis=1))  # Tensor[Batch, Literal[8]]
    reveal_type(sw.concat([x, y, x], -1))  # Tensor[Batch, Literal[11]]
    reveal_type(sw.concat((p, h), 1))  # Tensor[Batch, Literal[96]]
    reveal_type(sw.concat((x, x)))  # Tensor[Any, Literal[3]]
    reveal_type(sw.stack((x, x, x)))  # Tensor[Literal[3], Batch, Literal[3]]
    reveal_type(sw.stack((p, p), axis=-1))  # Tensor[Batch, Pixels, Literal[2]]
    first, second = sw.split(p, (16, 48), axis=1)
    reveal_type(first)  # Tensor[Batch, Literal[16]]
    reveal_type(second)  # Tensor[Batch, Literal[48]]
    reveal_type(sw.split(y, 2, 1)[2])  # Tensor[Batch, Literal[1]]
    reveal_type(sw.einsum("bi,bj->ij", p, y))  # Tensor[Pixels, Literal[5]]
    reveal_type(sw.einsum("...i,i->...", x.reshape(-1, 1, 3), x[0]))  # Tensor[Batch, Literal[1]]


def cutting(x: sw.Tensor[Batch, L6], i: sw.IntTensor[L4, L3], n: int) -> None:
    reveal_type(x[:, 1:4])  # Tensor[Batch, Literal[3]]
    reveal_type(x[:, ::-2])  # Tensor[Batch, Literal[3]]
    reveal_type(x[..., -1])  # Tensor[Batch]
    reveal_type(x[:, None, :2])  # Tensor[Batch, Literal[1], Literal[2]]
    reveal_type(x[0])  # Tensor[Literal[6]]
    reveal_type(i[1:])  # IntTensor[Literal[3], Literal[3]]
    reveal_type(i[n:])  # IntTensor[Any, Literal[3]]
    reveal_type(i[-1, 2])  # IntTensor[()]
    reveal_type(sw.slice(i, (1, 0), (3, 2)))  # IntTensor[Literal[2], Literal[2]]
    reveal_type(x[1:])  # Tensor[Any, Literal[6]]
    reveal_type(x[:, i[0]])  # Tensor[Batch, Literal[3]]


def operators(x: sw.Tensor[Batch, L3], v: sw.Tensor[L5], i: sw.IntTensor[Batch, L3], j: sw.IntTensor[L3]) -> None:
    reveal_type(x[:, :, None] + v)  # Tensor[Batch, Literal[3], Literal[5]]
    reveal_type(x[:, None] * v[:, None])  # Tensor[Batch, Literal[5], Literal[3]]
    reveal_type(x[:, None, :1] - x[:, :, None])  # Tensor[Batch, Literal[3], Literal[1]]
    reveal_type(x[None, :, :, None] / v)  # Tensor[Literal[1], Batch, Literal[3], Literal[5]]
    reveal_type(i + j)  # IntTensor[Batch, Literal[3]]
    reveal_type(i[:, :, None] * j)  # IntTensor[Batch, Literal[3], Literal[3]]
    reveal_type(sw.add(x[:, :, None], v))  # Tensor[Batch, Literal[3], Literal[5]]
    reveal_type(sw.less(x[:, :, None], v))  # BoolTensor[Batch, Literal[3], Literal[5]]
    reveal_type(x.mT @ x)  # Tensor[Literal[3], Literal[3]]
    reveal_type(x[None, None] @ x.mT[None])  # Tensor[Literal[1], Literal[1], Batch, Batch]
    reveal_type(sw.matmul(x[None], x.mT))  # Tensor[Literal[1], Batch, Batch]
    reveal_type(sw.mean(x.reshape(-1, 1, 3), (0, 2)))  # Tensor[Literal[1]]
    reveal_type(sw.sum(x[None], (0, 2), keepdims=True))  # Tensor[Literal[1], Batch, Literal[1]]


@sw.typed
def joined(x: sw.Tensor[N], y: sw.Tensor[M]) -> sw.Tensor[sw.Add[N, M]]:
    return sw.concat((x, y))


@sw.typed
def crossed(x: sw.Tensor[N], y: sw.Tensor[M]) -> tuple[sw.Tensor[sw.Mul[N, M]], sw.Tensor[N, sw.Add[M, Literal[1]]]]:
    raise NotImplementedError


class Layer:
    def twice(self, x: sw.Tensor[N, M]) -> sw.Tensor[N, sw.Mul[M, Literal[2]]]:
        return sw.concat((x, x), 1)


def calls(x: sw.Tensor[L3], y: sw.Tensor[L4], p: sw.Tensor[Pixels], b: sw.Tensor[Batch], z: sw.Tensor[Batch, L4]) -> None:
    reveal_type(joined(x, y))  # Tensor[Literal[7]]
    reveal_type(joined(x, p))  # Tensor[Literal[67]]
    reveal_type(joined(x, b))  # Tensor[Any]
    reveal_type(crossed(x, y))  # tuple[Tensor[Literal[12]], Tensor[Literal[3], Literal[5]]]
    reveal_type(joined(joined(x, y), y))  # Tensor[Literal[11]]
    reveal_type(Layer().twice(z))  # Tensor[Batch, Literal[8]]
    again: sw.Tensor[Literal[6]] = joined(x, y)  # E[assignment]


def by_shape(x: sw.Tensor[Batch, Hidden, Pixels], a: sw.Tensor[Any, L6], n: int) -> None:
    b, t, d = x.shape
    half = d // 2 if n else 16 * 2
    quarter = x.shape[2] - 48
    reveal_type(x.reshape(b, t, 8, 8))  # Tensor[Batch, Hidden, Literal[8], Literal[8]]
    reveal_type(x.reshape(b * t, d))  # Tensor[Any, Literal[64]]
    reveal_type(x[:, :, :quarter])  # Tensor[Batch, Hidden, Literal[16]]
    reveal_type(x[:, :, :half])  # Any
    reveal_type(a.reshape(a.shape[0], 2, 3))  # Tensor[Any, Literal[2], Literal[3]]
    m = 2
    m = 3
    reveal_type(a[:, :m])  # Tensor[Any, Any]


def made(x: sw.Tensor[L3]) -> None:
    reveal_type(sw.zeros((2, 3)) + x)  # Tensor[Literal[2], Literal[3]]
    reveal_type(sw.arange(1, 7, 2))  # IntTensor[Literal[3]]
    reveal_type(sw.eye(4))  # Tensor[Literal[4], Literal[4]]


def unknown(a: sw.Tensor[Any, L3], b: sw.Tensor[Batch, L5], s: sw.Tensor[*tuple[Any, ...]], n: int, w: sw.Tensor[Whole]) -> None:
    reveal_type(sw.concat((a, b), 1))  # Tensor[Batch, Literal[8]]
    reveal_type(sw.concat((a, a), 1))  # Tensor[Any, Literal[6]]
    reveal_type(a.reshape(-1, 1, 3))  # Tensor[Any, Literal[1], Literal[3]]
    reveal_type(sw.reshape(b, (n, 5)))  # Tensor[Any, Any]
    reveal_type(s.reshape(3, 4))  # Tensor[*tuple[Any, ...]]
    reveal_type(sw.concat((w, w)))  # Tensor[Literal[128]]
"""
)


def test_what_is_computed(library: Folder) -> None:
    assert wrong_lines(COMPUTES, check(library, "computes", COMPUTES)) == []


# ---- what it refuses
REFUSES = (
    HEAD
    + """

def sizes(x: sw.Tensor[L2, L6], y: sw.Tensor[Batch, L3], z: sw.Tensor[Batch, L5], p: sw.Tensor[Batch, Pixels]) -> None:
    sw.reshape(x, (3, 5))  # E: reshape: Tensor[Literal[2], Literal[6]] has 12 elements, the shape [3, 5] has 15
    x.reshape(5, -1)  # E: reshape: Tensor[Literal[2], Literal[6]] does not fit (5, -1): 12 elements are not a multiple of 5
    x.reshape(-1, -1)  # E: reshape: more than one -1
    sw.concat((y, z))  # E: concat: axis 1 of operand 1 (3) must equal axis 1 of operand 2 (5)
    sw.concat((p, y), 0)  # E: concat: axis 1 of operand 1 (Pixels=64) must equal axis 1 of operand 2 (3)
    sw.concat((x, x), axis=2)  # E: concat: there is no axis 2
    sw.stack((y, z))  # E: must equal
    sw.split(x, (2, 5), 1)  # E: split: sizes (2, 5) sum to 7, axis 1 has 6
    sw.squeeze(x, 0)  # E: squeeze: axis 0 has size 2, not 1
    sw.broadcast_to(x, (3, 6))  # E: broadcast_to: axis 0 of operand 1 (2) cannot become 3
    x.flatten(1, 0)  # E: flatten: axis 1 comes after axis 0
    sw.einsum("ij,kj->ik", y, z)  # E: einsum, letter "j": axis 1 of operand 1 (3) must equal axis 1 of operand 2 (5)
    sw.einsum("ij->k", y)  # E: "k" is in no operand
    sw.pad(x, ((1, 1),))  # E: pad: 1 pairs of widths for 2 axes
    x[2]  # E: index 2 is outside axis 0 of size 2
    y[:, 3]  # E: index 3 is outside axis 1 of size 3
    x[0, 0, 0]  # E: 3 indices for 2 axes
    y + z  # E: add: axis 1 of operand 1 (3) and axis 1 of operand 2 (5) do not broadcast
    y * p  # E: mul: axis 1 of operand 1 (3) and axis 1 of operand 2 (Pixels=64) do not broadcast
    x @ x  # E: matmul: axis 1 of operand 1 (6) must equal axis 0 of operand 2 (2)
    sw.matmul(y, x)  # E: matmul: axis 1 of operand 1 (3) must equal axis 0 of operand 2 (2)
    sw.sub(y, z)  # E: sub: axis 1 of operand 1 (3) and axis 1 of operand 2 (5) do not broadcast
    sw.linear(x, x)  # E: linear
    sw.mean(x, 2)  # E: mean: there is no axis 2
    joined = sw.concat((y, z), 1)
    joined.reshape(-1, 3)
    joined[:, 8]  # E: index 8 is outside axis 1 of size 8


def result(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5]) -> sw.Tensor[Batch, Literal[7]]:
    return sw.concat((x, y), 1)  # E[return-value]


def named(x: sw.Tensor[Batch, Half]) -> sw.Tensor[Batch, Pixels]:
    return sw.repeat(x, 3, 1)  # E[return-value]


def by_variable(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5]) -> sw.Tensor[Batch, Literal[7]]:
    h = sw.relu(sw.concat((x, y), 1))
    h = sw.tanh(h)
    return h  # E[return-value]


def rank() -> sw.Tensor[Batch, Pixels]:
    return sw.zeros(64)  # E[return-value]


def argument(p: sw.Tensor[Batch, Pixels]) -> None:
    named(p[:, :31])  # E[arg-type]


def nominal(x: sw.Tensor[Batch, Half], y: sw.Tensor[Batch, Other], z: sw.Tensor[Batch, Hidden], l: sw.Tensor[L3]) -> None:
    x + y  # E[operator]
    x + z  # E[operator]
    z + l  # E[operator]
"""
)


def test_what_is_refused(library: Folder) -> None:
    assert wrong_lines(REFUSES, check(library, "refuses", REFUSES)) == []


# ---- what is right
RIGHT = (
    HEAD
    + """

class Two(sw.Dim):
    size = 2


class Point(NamedTuple):
    xy: sw.Tensor[Batch, Two]


@dataclass
class Box:
    xy: sw.Tensor[Batch, Two]


class Pair(sw.Pack):
    xy: sw.Tensor[Batch, Two]
    w: sw.Tensor[Two, Half]


@overload
def chosen(x: sw.Tensor[Batch, Two]) -> int: ...
@overload
def chosen(x: sw.Tensor[Batch, Half]) -> str: ...
def chosen(x: Any) -> Any:
    return x


def objects(x: sw.Tensor[Batch, L6], w: sw.Tensor[Two, Half], z: sw.Tensor[Batch, Two]) -> float:
    a = x[:, :2]
    Point(a)
    Box(a)
    Pair(a, w)
    Pair(xy=x[:, 2:4], w=w)
    chosen(a)
    keep = (a < z) & (z > a)
    h = sw.where(keep, a, z) @ w
    return float(sw.mean(h) + sw.mean(a @ w))


def control(x: sw.Tensor[Batch, L6], w: sw.Tensor[L2, L4], flag: bool) -> None:
    total = x[:, :1]
    for i in range(1, 6):
        total = total + x[:, i : i + 1]
    total += x[:, :1]
    rows = [x[:, :2], x[:, 2:4]]
    rows.append(x[:, 4:])
    sw.concat(rows, 1)
    either = x[:, :2] if flag else x[:, :4]
    sw.mean(either)
    if (n := x[:, :3]).ndim == 2:
        n = x[:, :4]
    try:
        v = x[:, 0]
    except ValueError:
        v = x[:, 1]
    more = w
    more = sw.concat((more, w))[:2]
    parts = tuple(sw.split(x, (1, 2, 3), 1))
    for part in parts:
        part * 2.0
    print(n, v, more)


class Model(sw.Pack):
    w: sw.Tensor[Pixels, Other]
    open: sw.Tensor[Hidden, Other]
    bias: sw.Tensor[Other]


@sw.typed
def named(x: sw.Tensor[Batch, Half]) -> sw.Tensor[Batch, Pixels]:
    both = sw.concat((x, x), 1)
    again: sw.Tensor[Batch, Pixels] = sw.repeat(x, 2, 1)
    return both + again


@sw.typed
def features(p: Model, x: sw.Tensor[Batch, Half], target: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Other]:
    h = sw.concat((x, x), axis=1)
    same = sw.linear(h, p.w) + h @ p.w
    sw.mse_loss(h, target)
    sw.add(h, target)
    return same + h[:, :32] @ p.open + sw.layer_norm(h[:, 32:], p.bias, p.bias)


@sw.typed
def takes(x: sw.Tensor[Batch, Pixels], y: sw.Tensor[Hidden]) -> sw.Scalar:
    return sw.mean(x) + sw.mean(y)


@sw.typed
def passes(x: sw.Tensor[Batch, Half], y: sw.Tensor[Batch, L3]) -> sw.Scalar:
    both, row = sw.concat((x, x), 1), y[0]
    return takes(both, row) + takes(sw.concat((x, x), 1), y[0, :2])


def grows(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L5], flag: bool) -> None:
    h = sw.concat((x, y), 1)
    h = sw.concat((h, x), 1)
    h.reshape(-1, 11)
    for _ in range(3):
        h = sw.concat((h, x), 1)
        h[:, 17]
    g = x[:, :2]
    if flag:
        g = x[:, 1:2]
    g.reshape(-1, 1)
    parts = []
    for _ in range(2):
        parts.append(x[:, :2])
    parts.append(y[:, :4])
    named_parts = {"a": x[:, :1]}
    named_parts["b"] = x[:, :1]
    for part in (x[:, :2], y[:, :4]):
        sw.mean(part, 1)


def overwritten(x: sw.Tensor[L2, L6], y: sw.Tensor[Any, L6], n: int) -> None:
    x = sw.concat((x, x))
    x.reshape(4, 6)
    x[3]
    a, b = sw.split(y, (1, 5), 1)
    a, b = sw.split(y, (2, 4), 1)
    a[:, 1]


class Holder:
    def __init__(self, x: sw.Tensor[Batch, L6]) -> None:
        self.h = x[:, :2]

    def shrink(self) -> None:
        self.h = self.h[:, :1]


@sw.typed
def generic(x: sw.Tensor[N, M], y: sw.Tensor[M]) -> sw.Tensor[N, M]:
    x.reshape(-1, 3)
    sw.concat((x, x), 1)
    return x + y


def renamed(x: sw.Tensor[L2, L6]) -> sw.Tensor[Hidden, L3]:
    return x.reshape(4, 3)


def kept(x: sw.Tensor[L2, L6]) -> sw.Tensor[Hidden, L3]:
    y = x.reshape(4, 3)
    return y


def unknown_number(x: sw.Tensor[L2, L6], n: int, axis: int, sizes: tuple[int, ...], mask: sw.BoolTensor[L2]) -> None:
    x.reshape(n, 5)
    x[n]
    x.reshape(*sizes)
    sw.concat((x, x), axis)
    sw.split(x, n, 1)
    x[mask]
    sw.sum(x, axis)
    sw.einsum("ab,bc->ac" if n else "ab,cb->ac", x, x)


def main() -> None:
    x = sw.zeros((100, 64))
    y = sw.ones(7)
    takes(x, y)
    loss = sw.jit(takes)
    loss(x, y)
    loss(x[:50], sw.arange(3).astype("float32"))
    whole: sw.Tensor[Batch, Pixels] = sw.zeros((3, 64))
    takes(whole, y)


if __name__ == "__main__":
    data = sw.Tensor[L4, L6].ones()
    rows = data.reshape(24, 1)
    cut = data[:2]
    takes(data.reshape(-1, 6)[:, :2].reshape(-1).reshape(8, 1).broadcast_to(8, 64), rows[:, 0])
    takes(cut.reshape(12).reshape(12, 1).broadcast_to(12, 64), rows[:, 0])
"""
)


def test_right_programs_are_accepted(library: Folder) -> None:
    """Above all those where mypy would take one computed number for a mistake: sizes that are given a name later, and
    variables that hold one size after another."""
    assert wrong_lines(RIGHT, check(library, "right", RIGHT)) == []


def test_without_the_plugin_nothing_of_this_is_seen(library: Folder, tmp_path: Path) -> None:
    """The programs above are about the plugin: without it, mypy refuses next to nothing of REFUSES."""
    (tmp_path / "lib").symlink_to(library / "lib")
    configure(tmp_path, plugin=False)
    (tmp_path / "refuses.py").write_text(REFUSES)
    refused = run_mypy(tmp_path, "refuses.py").errors
    assert "shapewright" not in {code for errors in refused.values() for code, _ in errors}
    marked = [n for n, line in enumerate(REFUSES.splitlines(), 1) if "  # E" in line]
    assert len(refused.keys() & set(marked)) < len(marked) / 2


# ---- how it is run
USE = """from __future__ import annotations

from typing import Literal

import shapewright as sw
from axes import Rows


def use(x: sw.Tensor[Rows, Literal[3]]) -> None:
    x.reshape(2, 6)
"""
AXES = "import shapewright as sw\n\n\nclass Rows(sw.Dim):\n    size = {}\n"


@pytest.fixture
def modules(library: Folder, tmp_path: Path) -> Folder:
    """A module that uses a Dim of another."""
    (tmp_path / "lib").symlink_to(library / "lib")
    configure(tmp_path)
    (tmp_path / "use.py").write_text(USE)
    (tmp_path / "axes.py").write_text(AXES.format(4))
    return tmp_path


WRONG_ROWS = ("shapewright", "reshape: Tensor[Rows=5, Literal[3]] has 15 elements, the shape [2, 6] has 12")


def test_kept_results_are_right_when_a_size_changes(modules: Folder) -> None:
    """Dims of modules that mypy has in its cache, and modules whose Dims have changed since."""
    assert run_mypy(modules, "axes.py", "use.py").errors == {}
    (modules / "use.py").write_text(USE + "    x.reshape(5, 3)\n")
    assert list(run_mypy(modules, "axes.py", "use.py").errors) == [11]  # the Dim comes from the cache
    (modules / "use.py").write_text(USE)
    (modules / "axes.py").write_text(AXES.format(5))
    assert run_mypy(modules, "axes.py", "use.py").errors == {10: [WRONG_ROWS]}


def test_the_daemon_checks_again_when_a_size_changes(modules: Folder) -> None:
    daemon = ("-m", "mypy.dmypy", "--status-file", str(modules / "status.json"))
    env = {**os.environ, "PYTHONPATH": str(modules / "lib")}

    def ask(*words: str) -> str:
        command = [sys.executable, *daemon, *words]
        done = subprocess.run(command, cwd=modules, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.stdout

    def after(size: int, seconds: int) -> str:
        """The daemon looks at the size of a file and at whole seconds to see whether it has changed."""
        axes = modules / "axes.py"
        axes.write_text(AXES.format(size))
        written = axes.stat().st_mtime + seconds
        os.utime(axes, (written, written))
        return ask("check", "axes.py", "use.py")

    try:
        first = ask("run", "--", "--output", "json", "axes.py", "use.py")
        second, third = after(5, 10), after(4, 20)
    finally:
        ask("stop")
    assert [read(text).errors for text in (first, second, third)] == [{}, {10: [WRONG_ROWS]}, {}]


def test_another_plugin_version_forgets_kept_results(modules: Folder) -> None:
    from shapewright.runtime.mypy_plugin.plugin import digest

    before = digest(PACKAGE / "runtime" / "mypy_plugin")
    copy = modules / "copy"
    copy.mkdir()
    for file in (PACKAGE / "runtime" / "mypy_plugin").glob("*.py"):
        (copy / file.name).write_bytes(file.read_bytes())
    assert digest(copy) == before
    (copy / "names.py").write_text("")
    assert digest(copy) != before


def test_an_error_can_be_silenced_by_its_code(library: Folder) -> None:
    text = HEAD + "\ndef f(x: sw.Tensor[L2]) -> None:\n    x.reshape(3)  # type: ignore[shapewright]\n"
    assert check(library, "silenced", text).errors == {}
    unused = HEAD + "\ndef f(x: sw.Tensor[L2]) -> None:\n    x.reshape(2)  # type: ignore[shapewright]\n"
    assert [e[0][0] for e in check(library, "unused", unused).errors.values()] == ["unused-ignore"]


def test_an_editable_installation(tmp_path: Path) -> None:
    """There the rooms are links: the names of the functions are the same."""
    source = str(PACKAGE.parent)
    configure(tmp_path, path=source)
    (tmp_path / "refuses.py").write_text(REFUSES)
    assert wrong_lines(REFUSES, run_mypy(tmp_path, "refuses.py", path=source)) == []


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """mypy loads the plugin whenever it starts."""
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "import shapewright\nbefore = set(sys.modules)\nimport shapewright.mypy\n"
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith('shapewright')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    names = [m.removeprefix("shapewright.") for m in done.stdout.split()]
    plugin = [f"runtime.mypy_plugin{m}" for m in ("", ".names", ".plugin", ".tensors")]
    assert set(names) <= {"mypy", "runtime", *plugin}


# ---- the documentation
def test_the_output_in_the_documentation(library: Folder) -> None:
    """The program under "mypy plugin", and what mypy says of it, to the letter."""
    section = (HERE.parents[1] / "docs" / "static-checking.md").read_text().partition("## mypy plugin\n")[2]
    blocks = re.findall(r"```(python|text)\n(.*?)```", section, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"]
    (library / "patches.py").write_text(blocks[0][1])
    command = [sys.executable, "-m", "mypy", "--python-executable", sys.executable, "patches.py"]
    env = {**os.environ, "PYTHONPATH": str(library / "lib")}
    done = subprocess.run(command, cwd=library, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == blocks[1][1]
