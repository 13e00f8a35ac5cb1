"""The signatures that only Pyrefly reads: what they compute, what they leave alone, and what is left without the extra."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw

from .checkers import PACKAGE, Outcomes, install_library, pyrefly
from .corpus import corpus

STUBS = sorted((PACKAGE / "dsl" / "pyrefly").glob("*.pyi"))
KINDS = ("Tensor", "IntTensor", "BoolTensor")
CORPUS = corpus()
HEAD = "from typing import Any, Literal, TypeVar, TypeVarTuple, reveal_type\n\nimport shapewright as sw\n\n"

# Correct programs in which sizes are not known, or meet names: Pyrefly has to be silent, with the extra and without.
UNKNOWN = """
class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


I = TypeVar("I")
J = TypeVar("J")
Bs = TypeVarTuple("Bs")
N = sw.IntVar("N")
M = sw.IntVar("M")
T = TypeVar("T", bound="sw.Tensor[*tuple[Any, ...]]")
L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L8 = Literal[8]
B3 = sw.Tensor[Batch, L3]
BH = sw.Tensor[Batch, Hidden]


def plain_ints(x: sw.Tensor[L4, L3], n: int, ns: tuple[int, int], nl: list[int], a: Any) -> None:
    bh: list[BH] = [x.reshape(n, 3), x.reshape(4, n), x.reshape(ns), x.reshape(*ns), x.reshape(nl), x.reshape(a, 3)]
    bh += [sw.reshape(x, nl), sw.reshape(x, [4, n]), x.broadcast_to(n, 3), sw.pad(x, n), sw.concat((x, x), axis=n)]
    bh += [sw.slice(x, (n,), (4,)), sw.slice(x, nl, nl), sw.broadcast_to(x, (n, n)), sw.pad(x, ((n, 0), (0, n)))]
    b3: list[B3] = [x[n:], x[:n], x[0:n], x[::n], x[n : n + 2], x[a:], sw.repeat(x, n, 0), sw.pad(x, ((n, 0), (0, 0)))]
    b3 += [*sw.split(x, n), *sw.split(x, (n, 4 - n)), *sw.split(x, nl), sw.split(x, 2, axis=n)[0]]
    columns: list[sw.Tensor[L4, Batch]] = [x[:, n:], x[..., :n], x[:, ::n], sw.repeat(x, n, -1), sw.repeat(x, n, 1)]
    rows: list[sw.Tensor[L3]] = [x[n], x[a], x[0], x[-1]]
    flat: list[sw.Tensor[Hidden]] = [x.flatten(n), x.flatten(0, n), sw.flatten(x, end=n)]
    axes: list[sw.Tensor[Batch, Hidden, Batch]] = [x.unsqueeze(n), sw.unsqueeze(x, a), sw.stack((x, x), n)]
    both: list[BH] = [x[n:, n:], x[1:, 1:], x.squeeze(n)]


def any_axes(x: sw.Tensor[Any, Any], y: sw.Tensor[Any, L3], z: sw.Tensor[L3, Any], w: sw.Tensor) -> None:
    bh: list[BH] = [x.reshape(4, 3), sw.concat((x, y)), sw.concat((x, y), 1), sw.split(x, 2)[0], sw.repeat(y, 3, 0)]
    bh += [sw.pad(x, 1), x.broadcast_to(4, 4), sw.slice(x, (0,), (4,)), x[1:], x[:, 1:], x[..., :2], w.reshape(4, 3)]
    bh += [w[1:], w.squeeze(), sw.stack((w, w))[0], w.broadcast_to(4, 3), sw.concat((w, x)), sw.concat((z, x))]
    hidden: list[sw.Tensor[Hidden]] = [x[0], x.flatten(), w[0], x.squeeze(0), x[:, 0], x[..., -1], z[1], w.flatten()]
    b3: list[B3] = [y[1:5], y[:2], sw.pad(y, ((1, 1), (0, 0)))]
    deep: list[sw.Tensor[Batch, Hidden, Batch]] = [sw.stack((x, x)), sw.stack((x, x), 1), sw.stack((x, x), -1)]


def collections(many: list[B3], fixed: tuple[sw.Tensor[L2, L3], ...], any_number: list[sw.Tensor[L2, L3]]) -> None:
    b3: list[B3] = [sw.concat(many), sw.concat([*many, many[0]])]
    l3: list[sw.Tensor[Any, L3]] = [sw.concat(fixed), sw.concat(any_number), sw.concat([*fixed, any_number[0]])]
    deep: list[sw.Tensor[Any, L2, L3]] = [sw.stack(fixed), sw.stack(any_number)]
    named: list[sw.Tensor[Hidden, Batch, L3]] = [sw.stack(many), sw.stack((many[0], many[1]))]
    middle: list[sw.Tensor[Batch, Hidden, L3]] = [sw.stack((many[0], many[1]), 1), sw.stack(many, axis=1)]


def generic(x: sw.Tensor[*Bs, L4], y: sw.Tensor[*Bs, I], z: sw.Tensor[I, J], n: int) -> None:
    halves: list[sw.Tensor[*Bs, L2, L2]] = [x.reshape((*x.shape[:-1], 2, 2)), sw.reshape(x, (*x.shape[:-1], 2, 2))]
    eight: list[sw.Tensor[*Bs, L8]] = [sw.concat((x, x), -1), sw.repeat(x, 2, -1)]
    two: list[sw.Tensor[*Bs, L2]] = [x[..., :2], x[..., 2:], sw.split(x, (2, 2), axis=-1)[0], sw.split(x, 2, axis=-1)[0]]
    kept: list[sw.Tensor[*Bs, Any]] = [y[..., 1:], sw.concat((y, y), axis=-1), x[..., n:]]
    first: list[sw.Tensor[Hidden]] = [x[0], x.flatten(), y.flatten(), x.squeeze(0), sw.flatten(z)]
    exchanged: list[sw.Tensor[J, I]] = [z.reshape(z.shape[1], z.shape[0]), sw.reshape(z, z.shape[::-1])]


def variables(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[N], sw.D[M]], z: sw.Tensor[sw.D[N], L4]) -> None:
    doubled: list[sw.Tensor[sw.Add[N, N], I]] = [sw.concat((x, x)), sw.repeat(x, 2, 0)]
    same: list[sw.Tensor[sw.D[N], I]] = [sw.concat((x[1:], x[:1])), x[:]]
    flat: list[sw.Tensor[sw.Mul[N, M]]] = [y.flatten(), y.reshape(-1), sw.flatten(y)]
    cut: list[sw.Tensor[sw.D[N], L2]] = [z[:, 2:], z[..., :2], sw.split(z, (2, 2), axis=1)[1]]


def unions(x: sw.Tensor[L4, L3] | sw.Tensor[L4, L2], o: sw.Tensor[L4, L3] | None, flag: bool) -> None:
    a, b, c = x.reshape(-1), x[1:], sw.concat((x, x))
    d: sw.Tensor[L3, L4] | None = o.reshape(3, 4) if o is not None and flag else None
    print(a, b, c, d)


def bound(x: T) -> T:
    print(x.reshape(-1), x[0], x.unsqueeze(0))
    return x


def scalars(x: sw.Tensor[L4, L3], y: sw.Scalar) -> None:
    ends: list[sw.Scalar] = [x[0][0], x[0, 0], sw.einsum("ij,ij->", x, x), y.reshape(1)[0], y.squeeze()]
    ones: list[sw.Tensor[Literal[1]]] = [y.reshape(1), y.unsqueeze(0), y.flatten()]


def results(x: sw.Tensor[L4, L3]) -> None:
    whole = sw.concat((x[:2], x[2:]))
    added: sw.Tensor[L4, L3] = sw.relu(whole) + x * whole.reshape(4, 3)
    summed: sw.Tensor[L4] = (whole.reshape(4, 3) * 2.0).sum(axis=-1)
    above: sw.BoolTensor[L4, L3] = whole.reshape(4, 3) > 0.0
    best: sw.IntTensor[L4] = whole.reshape(4, 3).argmax(axis=-1)
    product: sw.Tensor[L4, L4] = whole.reshape(4, 3) @ whole.reshape(3, 4)
"""

pytestmark = pytest.mark.checkers


def checked(folder: Path, programs: dict[str, str], packages: str = "") -> Outcomes:
    install_library(folder)
    for name, text in programs.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return pyrefly(folder, list(programs), packages)


@pytest.fixture(scope="module")
def without_extra(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The packages of this environment without `shape_extensions`."""
    folder = tmp_path_factory.mktemp("packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if "shape_extensions" not in package.name and package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    return str(folder)


# ---- without the extra
def test_without_the_extra_right_programs_are_right(tmp_path: Path, without_extra: str) -> None:
    right = {p.name: p.text for p in CORPUS if not p.mistakes}
    right |= {"control.py": "import shape_extensions\n", "unknown.py": HEAD + UNKNOWN}
    found = checked(tmp_path, right, without_extra)
    assert found.pop("control.py").errors == {(1, "missing-import")}
    assert {name: outcome.errors for name, outcome in found.items() if outcome.errors} == {}


def test_without_the_extra_mistakes_that_all_see_are_seen(tmp_path: Path, without_extra: str) -> None:
    wrong = {p.name: p for p in CORPUS if p.mistakes}
    found = checked(tmp_path, {name: p.text for name, p in wrong.items()}, without_extra)
    seen = 0
    for name, program in wrong.items():
        everybody = {line for line, columns in program.mistakes.items() if {"pyright", "ty", "pyrefly"} <= columns}
        assert everybody <= found[name].lines <= program.mistakes.keys(), name
        seen += len(everybody)
    assert seen > 20


# ---- with it
def test_what_is_not_known_is_left_alone(tmp_path: Path) -> None:
    found = checked(
        tmp_path, {"unknown.py": HEAD + UNKNOWN, "control.py": HEAD + UNKNOWN.replace("x[:, 1:]", "x[0, 1:]")}
    )
    assert found["unknown.py"].errors == set()


def overloads(kind: str) -> list[str]:
    """The overloads for a kind of tensor, as if they were for `Tensor`. (Their syntax is newer than Python 3.11.)"""
    found: list[str] = []
    for stub in STUBS:
        for text in re.split(r"^@overload\n", stub.read_text(), flags=re.MULTILINE)[1:]:
            text = re.sub(r",(?=[\])])", "", "".join(text.partition("\n#")[0].split()))
            if "einsum" not in text and re.search(rf"\b{kind}\[", text.replace("key:IntTensor[N]", "")):
                found.append(re.sub(rf"\b{kind}\[", "Tensor[", text))
    return found


def test_the_kinds_have_the_same_signatures() -> None:
    tensor, integers, conditions = map(overloads, KINDS)
    assert len(tensor) > 100
    # An index is an integer tensor whatever is indexed.
    same = [text.replace("key:Tensor[N]", "key:IntTensor[N]") for text in integers]
    assert same == tensor == conditions


def test_pyrefly_finds_no_fault_in_them(tmp_path: Path) -> None:
    """It does not say so where they are used: the functions would be `Any`."""
    install_library(tmp_path)
    config = 'preset = "default"\npython-version = "3.13"\nsearch-path = ["lib"]\n'
    (tmp_path / "pyrefly.toml").write_text(f'{config}python-interpreter-path = "{sys.executable}"\n')
    stubs = [f"lib/{PACKAGE.name}/dsl/pyrefly/{stub.name}" for stub in STUBS]
    assert faults(tmp_path, stubs) == []
    rules = tmp_path / stubs[[s.name for s in STUBS].index("rules.pyi")]
    rules.write_text(
        rules.read_text().replace("def elements(shape: IntTuple) -> Int", "def elements(shape: IntTuple) -> str")
    )
    assert faults(tmp_path, stubs) != []


def faults(folder: Path, files: list[str]) -> list[str]:
    """What Pyrefly has against files."""
    tool = Path(sysconfig.get_path("scripts")) / "pyrefly"
    command = [str(tool), "check", "--output-format", "json", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [entry["description"] for entry in json.loads(done.stdout)["errors"]]


# ---- the rules against what runs
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (4,), (2, 3), (1, 5), (2, 3, 4), (3, 1, 2, 2))
OPERANDS: tuple[tuple[int, ...], ...] = ((2, 3), (3, 3), (2, 4), (3,), (2, 3, 4), (2, 1, 4))


def calls() -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    """Expressions in x, y and z, and their shapes."""
    for shape in SHAPES:
        for to in ((-1,), (6,), (3, 2), (4, -1), (2, -1, 2), (-1, -1), (5, 1), (0, -1), (24,)):
            yield f"x.reshape({to})", [shape]
            yield f"sw.reshape(x, {to})", [shape]
        for axis in (-4, -2, -1, 0, 1, 2, 3):
            yield f"x.squeeze({axis})", [shape]
            yield f"x.unsqueeze({axis})", [shape]
            yield f"sw.repeat(x, 3, {axis})", [shape]
            yield f"sw.split(x, 2, {axis})", [shape]
            yield f"sw.split(x, (1, 2), {axis})", [shape]
            yield f"sw.split(x, (1, 1, 2), {axis})", [shape]
            yield f"sw.split(x, (2, 1, 0, 1), {axis})", [shape]
            yield f"x.flatten({axis})", [shape]
            yield f"x[{axis}]", [shape]
            yield f"x[{axis}:]", [shape]
            yield f"x[:{axis}]", [shape]
            yield f"x[1:{axis}]", [shape]
            yield f"x[..., {axis}:]", [shape]
            yield f"x[:, :{axis}]", [shape]
        for step in (-3, -1, 1, 2, 5):
            yield f"x[::{step}]", [shape]
        for start, end in itertools.product((0, 1, -2), (1, 2, -1)):
            yield f"x.flatten({start}, {end})", [shape]
            yield f"sw.slice(x, ({start}, {end}), ({end}, 9))", [shape]
        for wide in ((4,), (2, 3), (5, 5), (3, -1, 3), (2, 2, 3, 4), (3, 7, 2, 2), (6, 1, 4)):
            yield f"x.broadcast_to({wide})", [shape]
        yield "x.squeeze()", [shape]
        yield "sw.pad(x, 2)", [shape]
        yield "sw.pad(x, ((1, 2),))", [shape]
        yield "sw.pad(x, ((1, 2), (0, 3)))", [shape]
        yield "sw.pad(x, ((0, 0), (0, 3), (1, 1)))", [shape]
    for axis in (0, 1, 2, -1, -2):
        for pair in itertools.product(OPERANDS, repeat=2):
            yield f"sw.concat((x, y), {axis})", [*pair]
            yield f"sw.stack((x, y), {axis})", [*pair]
        for three in itertools.product(OPERANDS[:3], repeat=3):
            yield f"sw.concat((x, y, z), {axis})", [*three]
            yield f"sw.concat((x, y, z, x, y), {axis})", [*three]
            yield f"sw.stack((x, y, z), {axis})", [*three]
    for spec in ("ij,jk->ik", "ij,kj->ik", "ij,ij->", "bij,jk->bik", "i,j->ij", "ij,j->i"):
        for pair in itertools.product(OPERANDS, repeat=2):
            yield f'sw.einsum("{spec}", x, y)', [*pair]


def shapes_of(value: object) -> list[tuple[int, ...]]:
    """Of a tensor, or of each tensor of a tuple."""
    tensors = cast("tuple[sw.Tensor[*tuple[Any, ...]], ...]", value if isinstance(value, tuple) else (value,))
    return [tuple(t.shape) for t in tensors]


def run(expression: str, shapes: list[tuple[int, ...]]) -> list[tuple[int, ...]] | None:
    """The shapes that an expression gives; None if it raises."""
    arrays = [np.zeros(s, np.float32) for s in shapes]
    tensors: dict[str, object] = {n: sw.Tensor[*tuple[Any, ...]](a) for n, a in zip("xyz", arrays, strict=False)}
    try:
        return shapes_of(eval(expression, {"sw": sw, **tensors}))
    except (sw.ShapewrightError, ValueError):
        return None


def shown(text: str) -> list[tuple[int, ...]] | None:
    """The shapes of a revealed type; None where a size is not known."""
    sizes: list[tuple[int, ...]] = []
    for tensor in re.findall(r"Tensor\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", text):
        plain = re.sub(r"\*?(?:Literal|Int|IntTuple)\[([^\[\]]*)\]|\*tuple\[\(\)\]", lambda m: m[1] or "()", tensor)
        parts = [p.strip() for p in plain.split(",") if p.strip() not in ("", "()")]
        if not all(re.fullmatch(r"-?\d+", p) for p in parts):
            return None
        sizes.append(tuple(map(int, parts)))
    return sizes or None


def annotation(shape: tuple[int, ...]) -> str:
    return f"sw.Tensor[{', '.join(f'Literal[{n}]' for n in shape) or '()'}]"


def test_the_rules_agree_with_what_runs(tmp_path: Path) -> None:
    """Of calls on tensors of numbers: the shape that Pyrefly shows is the shape, and it refuses only what raises."""
    cases = list(calls())
    lines = [HEAD.rstrip("\n")]
    start = len(HEAD.rstrip("\n").split("\n"))
    for i, (expression, shapes) in enumerate(cases):
        arguments = ", ".join(f"{n}: {annotation(s)}" for n, s in zip("xyz", shapes, strict=False))
        lines.append(f"def f{i}({arguments}) -> None: reveal_type({expression})")
    outcome = checked(tmp_path, {"calls.py": "\n".join(lines) + "\n"})["calls.py"]
    wrong: list[str] = []
    computed = refused = 0
    for i, (expression, shapes) in enumerate(cases):
        line, real = start + i + 1, run(expression, shapes)
        says = shown(outcome.types[line])
        if line in outcome.lines:
            refused += 1
            wrong += [f"{expression} of {shapes} is refused, but gives {real}"] if real is not None else []
        elif says is not None:
            computed += 1
            wrong += [f"{expression} of {shapes} is {real}, not {says}"] if says != real else []
    assert wrong == []
    assert computed > 600
    assert refused > 1100


# ---- at run time
def test_nothing_of_this_is_there_at_run_time() -> None:
    code = (
        "import sys, shapewright as sw; import shapewright.dsl.tensor as t; "
        "sw.typed(lambda x: x); print(sw.Add, sw.concat, sw.Tensor.reshape); "
        "print(t.TYPE_CHECKING_WITH_PYREFLY, t.MYPY, [m for m in sys.modules if 'shape_ext' in m or 'dsl.pyrefly' in m])"
    )
    env = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False False []"


# ---- the documentation
def test_the_documented_output_is_real(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "static-checking.md").read_text()
    section = text.partition("## Sizes that are computed")[2].partition("\n## ")[0]
    use, both = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    _, output = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    names = 'I = TypeVar("I")\nL2 = Literal[2]\nL3 = Literal[3]\nL6 = Literal[6]\n\n\nclass Batch(sw.Dim): ...\n\n\n'
    head = "from typing import Literal, TypeVar, reveal_type\n\nimport shapewright as sw\n\n"
    assert checked(tmp_path, {"sizes.py": f"{head}{names}{both}\n\n{use}"})["sizes.py"].lines
    tool = Path(sysconfig.get_path("scripts")) / "pyrefly"
    done = subprocess.run([tool, "check", "sizes.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == output
