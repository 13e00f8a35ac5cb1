"""Every operation of the table on a CUDA device (the simulator, where there is none): forward and gradients, fused and not.

The references judge, as they judge the CPU's results in tests/compiler; the two compiled results are compared as well.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.codegen.cuda.emit import Emitter
from shapewright.compiler.codegen.cuda.names import SUPPORT
from shapewright.compiler.codegen.scalars import write
from shapewright.compiler.codegen.text import Expr
from shapewright.compiler.loop.ir import Leaf, Reduce, View
from shapewright.compiler.ops.opdef import Arr, Elementwise, OpDef, Reduction
from shapewright.compiler.ops.scalars import SCALARS
from shapewright.compiler.ops.shapes import NUMBERS
from shapewright.compiler.ops.table import OPS
from shapewright.compiler.types import DType
from shapewright.runtime.cuda import support

from ..compiler.harness import interpret, op_case, run_compiled
from ..compiler.test_ops_compiled import ROUNDINGS
from ..ops.oracle import close, draw, gap
from ..runtime.models import reals
from .harness import run_cuda

RUNTIME = Path(str(support.__file__)).parent
ONLY_BUILT_IN = {"Kernel", "View", "shared"}  # what support has for kernels that are not generated


def check_cuda(op: OpDef, fuse: bool = True) -> str:
    """What is wrong with the values and gradients of an operation on the device ("" = nothing)."""
    case = op_case(op, [(s, draw(s, op.name)) for s in op.domain])
    got, _ = run_cuda(case.graph, case.leaves, fuse=fuse)
    want = interpret(case.graph, case.leaves)
    for i, (node, value) in enumerate(zip(case.graph.outputs, got, strict=True)):
        if not close(value, want[node.id], ROUNDINGS):
            return f"{op.name}: output {i} ({node!r}) differs by {gap(value, want[node.id])}"
    return ""


@pytest.mark.parametrize("name", sorted(OPS))
def test_fused_equals_reference_and_cpu(name: str) -> None:
    op = OPS[name]
    case = op_case(op, [(s, draw(s, op.name)) for s in op.domain])
    want = interpret(case.graph, case.leaves)
    got, _ = run_cuda(case.graph, case.leaves)
    cpu, _ = run_compiled(case.graph, case.leaves)
    for i, (node, value, twin) in enumerate(zip(case.graph.outputs, got, cpu, strict=True)):
        assert close(value, want[node.id], ROUNDINGS), f"output {i} ({node!r}) is off by {gap(value, want[node.id])}"
        assert close(value, twin, ROUNDINGS), f"output {i} ({node!r}) and the CPU's differ by {gap(value, twin)}"


@pytest.mark.parametrize("name", sorted(OPS))
def test_unfused_equals_reference(name: str) -> None:
    assert check_cuda(OPS[name], fuse=False) == ""


def test_a_wrong_lowering_is_caught() -> None:
    right = OPS["tanh"]
    OPS["tanh"] = replace(right, lower=Elementwise("sigmoid"))
    try:
        assert "tanh: output 0" in check_cuda(right)
    finally:
        OPS["tanh"] = right
    assert check_cuda(right) == ""


@pytest.mark.parametrize(("fn", "other"), [("max", "min"), ("argmax", "max"), ("sum", "max")])
def test_a_wrong_fold_is_caught(fn: str, other: str) -> None:
    right = OPS[fn]
    OPS[fn] = replace(right, lower=Reduction(other))
    try:
        assert f"{fn}: output 0" in check_cuda(right)
    finally:
        OPS[fn] = right


# ---- names
def words(text: str) -> set[str]:
    """The names that an expression uses."""
    return {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}


def fold_names() -> set[str]:
    """The folds over the threads of a block that a kernel may call: those of every reduction and element type."""
    out: set[str] = set()
    functions = [op.lower.fn for op in OPS.values() if isinstance(op.lower, Reduction)]
    for dtype in NUMBERS:
        leaf: Any = Leaf(0, (4,), (None,), dtype, (), None, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - no node is behind it
        for fn in functions:
            n = Reduce(1, (), (), DType.int64 if fn == "argmax" else dtype, (View.of(leaf),), None, fn, (0,))
            out.add(f"block_argmax_{dtype.short}" if fn == "argmax" else Emitter.block_fold(n))
    return out


def scalar_names() -> set[str]:
    """What the expressions of all scalar functions use, in both widths."""
    out: set[str] = set()
    for fn, arity in SCALARS.items():
        for dtype in (DType.float32, DType.float64):
            out |= words(write(fn, dtype, (Expr("x"),) * arity, dtype).text)
    return out - {"x", "abs"}


def test_the_emitter_may_import_what_it_can_write() -> None:
    assert scalar_names() - SUPPORT == set()
    assert fold_names() - SUPPORT == set()


def test_the_emitter_knows_what_support_exports() -> None:
    exported = set(support.__all__)
    assert exported - ONLY_BUILT_IN == SUPPORT
    assert exported >= ONLY_BUILT_IN


def stored(module: str) -> set[str]:
    """The names that a module of the runtime defines, by its text: a process has one of the two modes."""
    tree = ast.parse((RUNTIME / f"{module}.py").read_text())
    names = {t.id for t in ast.walk(tree) if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    return names | {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


MODES = {"simulator": ("twins", "twin_blocks"), "device": ("mathfns", "views", "loops", "reduce")}


@pytest.mark.parametrize("mode", MODES)
def test_both_modes_define_what_support_takes_from_them(mode: str) -> None:
    tree = ast.parse((RUNTIME / "support.py").read_text())
    taken = {
        str(n.slice.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant) and ast.unparse(n.value) == "_all"
    }
    assert taken - set().union(*map(stored, MODES[mode])) == set()
    assert SUPPORT - taken - stored("support") == {"cuda", "jit"}  # which it imports


# ---- optimizers
OPTIMIZERS = [
    sw.optim.SGD(),
    sw.optim.SGD(momentum=0.9),
    sw.optim.SGD(momentum=0.9, nesterov=True, weight_decay=0.01),
    sw.optim.Adam(),
    sw.optim.AdamW(weight_decay=0.1),
    sw.optim.SGD(clip_norm=0.5),
    sw.optim.AdamW(clip_norm=0.5),
]


SHAPES = {"seven": (7,), "table": (3, 5), "one": (), "cube": (2, 3, 3), "long": (131,)}  # nothing divides by four


def odd(seed: int, dtype: str) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: reals(rng.normal(size=shape).astype(dtype)) for name, shape in SHAPES.items()}


def first(p: Any) -> Any:
    return p["one"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_optimizers_equal_the_cpus(optimizer: Any) -> None:
    """From the same gradients, three steps. An update is fewer than 32 roundings of numbers of the parameters' size."""
    for dtype in ("float32", "float64"):
        trainers: list[Any] = [
            sw.ScalarTrainer(odd(0, dtype), first, sw.Options(device=device), optimizer=optimizer)
            for device in ("cuda", "cpu")
        ]
        for t in range(3):
            for trainer in trainers:
                trainer.apply_grads(odd(t + 1, dtype), lr=0.1)
        here, there = (dict(values(t.state_dict())) for t in trainers)
        assert here.keys() == there.keys()
        for name, want in there.items():
            assert close(here[name], want, 3 * 32), (name, gap(here[name], want))


def values(state: Any) -> list[tuple[str, Arr]]:
    """Every array of a state."""
    found = list(state["params"].items())
    for family, moments in state["optimizers"].items():
        for slot, arrays in moments["slots"].items():
            found += [(f"{family} {slot} {name}", a) for name, a in arrays.items()]
    return found
