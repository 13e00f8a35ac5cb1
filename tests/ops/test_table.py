"""Every operation of the table, every sample: shape rule, reference, decomposition, first and second derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest

from shapewright.compiler.autodiff import GraphBuild
from shapewright.compiler.errors import CompileError, ShapeError
from shapewright.compiler.ir.attrs import Attrs, AttrValue
from shapewright.compiler.ir.build import Build
from shapewright.compiler.ir.graph import Graph, verify
from shapewright.compiler.ops.opdef import Arr, Decompose, Elementwise, OpDef, Pullback, Sample
from shapewright.compiler.ops.scalars import SCALARS
from shapewright.compiler.ops.table import FAMILIES, OPS, infer
from shapewright.compiler.sizes import Size, Symbol, evaluate, symbol
from shapewright.compiler.types import DType, TensorType

from . import oracle

V = TypeVar("V")

# The operations that the rest of the library stands on, by name.
PROMISED = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "pow",
    "abs",
    "sign",
    "square",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "exp",
    "log",
    "log1p",
    "tanh",
    "sigmoid",
    "relu",
    "erf",
    "sin",
    "cos",
    "softplus",
    "maximum",
    "minimum",
    "where",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "floor",
    "isnan",
    "isfinite",
    "cast",
    "stop_gradient",
    "gelu",
    "silu",
    "clip",
    "sum",
    "max",
    "min",
    "argmax",
    "mean",
    "logsumexp",
    "einsum",
    "matmul",
    "linear",
    "reshape",
    "transpose",
    "broadcast_to",
    "slice",
    "unslice",
    "concat",
    "take",
    "take_along_axis",
    "index_add",
    "scatter_along_axis",
    "one_hot",
    "embedding",
    "const",
    "size",
    "iota",
    "softmax",
    "log_softmax",
    "layer_norm",
    "mse_loss",
    "cross_entropy",
    "bce_with_logits",
    "random_bits",
    "uniform",
    "normal",
    "bernoulli",
    "dropout",
]


def cases(keep: Callable[[OpDef], bool] = lambda op: True) -> pytest.MarkDecorator:
    """Every sample of the operations that `keep` takes."""
    found = [(op, sample, f"{op.name}-{i}") for op in OPS.values() if keep(op) for i, sample in enumerate(op.domain)]
    return pytest.mark.parametrize(("op", "sample"), [pytest.param(op, s, id=name) for op, s, name in found])


# ---- the table itself
def test_the_table_is_complete() -> None:
    """Every promised operation is there, once, with samples and a sentence."""
    assert sorted(set(PROMISED) - set(OPS)) == []
    assert sum(len(family) for family in FAMILIES.values()) == len(OPS)
    assert [op.name for op in OPS.values() if not op.domain or not op.doc] == []
    assert [name for name, op in OPS.items() if name != op.name] == []


def test_scalar_functions_and_operations_agree() -> None:
    """Every elementwise operation uses a known scalar function with its number of operands; none is left unused."""
    used = {op.lower.fn: len(op.domain[0].operands) for op in OPS.values() if isinstance(op.lower, Elementwise)}
    assert used == SCALARS


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(CompileError, match="there is no operation softplush"):
        infer("softplush", (), Attrs())


class Names(Build[Arr]):
    """Runs references and keeps the names of the operations used."""

    def __init__(self) -> None:
        self.inner, self.used = oracle.NumpyBuild(), set[str]()

    def apply(self, op: str, args: Sequence[Arr], attrs: Attrs) -> Arr:
        self.used.add(op)
        return self.inner.apply(op, args, attrs)

    def type_of(self, x: Arr) -> TensorType:
        return self.inner.type_of(x)


def test_decompositions_end() -> None:
    """No operation is, directly or not, written with itself."""
    uses: dict[str, set[str]] = {}
    for op in OPS.values():
        names = Names()
        for sample in op.domain:
            if isinstance(op.lower, Decompose):
                op.lower.rule(names, oracle.draw(sample, op.name), sample.attrs)
        uses[op.name] = names.used

    def depth(name: str, above: tuple[str, ...]) -> int:
        assert name not in above, f"{' -> '.join((*above, name))}"
        return 1 + max((depth(part, (*above, name)) for part in uses[name]), default=0)

    assert max(depth(name, ()) for name in OPS) <= 4


# ---- every sample
@cases()
def test_the_reference_has_the_inferred_type(op: OpDef, sample: Sample) -> None:
    assert oracle.check_reference(op, sample) == ""


@cases(lambda op: isinstance(op.lower, Decompose))
def test_the_decomposition_gives_the_reference(op: OpDef, sample: Sample) -> None:
    assert oracle.check_decomposition(op, sample) == ""


@cases(lambda op: op.vjp is not None)
def test_the_derivative_gives_central_differences(op: OpDef, sample: Sample) -> None:
    assert oracle.check_vjp(op, sample) == ""


@cases(lambda op: op.vjp is not None)
def test_the_second_derivative_gives_central_differences(op: OpDef, sample: Sample) -> None:
    assert oracle.check_second_order(op, sample) == ""


@cases(lambda op: op.vjp is not None)
def test_the_gradient_has_the_element_type_of_its_operand(op: OpDef, sample: Sample) -> None:
    """In float32, nothing widens on the way: the shape rule refuses mixed element types."""
    args = oracle.draw(sample, op.name)
    out = op.reference(args, sample.attrs)
    if not DType.of(out.dtype).is_float or op.vjp is None:
        return
    needs = tuple(DType.of(a.dtype).is_float for a in args)
    got = op.vjp(Pullback(oracle.NumpyBuild(), args, out, sample.attrs, needs), np.ones_like(out))
    assert [g.dtype for g, need in zip(got, needs, strict=True) if g is not None and need] == [
        a.dtype for g, a, need in zip(got, args, needs, strict=True) if g is not None and need
    ]


@cases(lambda op: op.vjp is not None)
def test_gradients_that_are_not_needed_may_be_left_out(op: OpDef, sample: Sample) -> None:
    """A rule that is asked for one operand only gives the same gradient for it."""
    args, attrs = oracle.draw(sample, op.name, wide=True), oracle.widened(sample.attrs)
    out = op.reference(args, attrs)
    if out.dtype != np.float64 or op.vjp is None:
        return
    w = oracle.weights(out.shape, 0)
    every = op.vjp(Pullback(oracle.NumpyBuild(), args, out, attrs, tuple(a.dtype == w.dtype for a in args)), w)
    for i, want in enumerate(every):
        needs = tuple(k == i and a.dtype == w.dtype for k, a in enumerate(args))
        got = op.vjp(Pullback(oracle.NumpyBuild(), args, out, attrs, needs), w)[i]
        if needs[i]:
            assert want is not None and got is not None and np.array_equal(got, want)


# ---- symbolic sizes
B = symbol("B")
SIZES = ("shape", "size", "n", "starts")


def _symbolic(value: AttrValue, n: int) -> AttrValue:
    if isinstance(value, tuple):
        return tuple(_symbolic(v, n) for v in value)
    return B if value == n and type(value) is int else value


def _with_symbol(sample: Sample) -> tuple[tuple[TensorType, ...], Attrs, int] | None:
    """The operand types and attributes with the leading size of the sample replaced by the symbol B."""
    attr_shape = sample.attrs.ints("shape") if "shape" in sample.attrs else ()
    leading = [shape[0] for shape, *_ in sample.operands if shape and shape != (2,)] + list(attr_shape[:1])
    if not leading or leading[0] < 2:
        return None
    n = leading[0]
    types = tuple(
        TensorType(DType(d), tuple(B if s == n and (shape, d) != ((2,), "uint32") else s for s in shape))
        for shape, d, *_ in sample.operands
    )
    return types, Attrs({k: _symbolic(v, n) if k in SIZES else v for k, v in sample.attrs.items()}), n


def _at(shape: tuple[Size, ...], n: int) -> tuple[int, ...]:
    return tuple(evaluate(s, {Symbol("B"): n}) for s in shape)


@cases()
def test_symbolic_sizes_infer_what_numbers_infer(op: OpDef, sample: Sample) -> None:
    """Either the same shape, once B is the number, or an error that carries the two sizes that need one."""
    found = _with_symbol(sample)
    if found is None:
        return
    types, attrs, n = found
    numbers = op.infer(tuple(TensorType(DType(d), s) for s, d, *_ in sample.operands), sample.attrs)
    try:
        out = op.infer(types, attrs)
    except ShapeError as error:
        assert error.sizes is not None
        assert any(not isinstance(s, int) for s in error.sizes)
        return
    assert (out.dtype, _at(out.shape, n)) == (numbers.dtype, numbers.shape)


def test_almost_every_operation_takes_a_symbolic_batch() -> None:
    """Operations with no sample that infers with a symbol: only those without any shape of their own."""
    refused: list[str] = []
    for op in OPS.values():
        done = False
        for sample in op.domain:
            found = _with_symbol(sample)
            if found is not None:
                try:
                    done = done or any(not isinstance(s, int) for s in op.infer(*found[:2]).shape)
                except ShapeError:
                    continue
        refused += [] if done else [op.name]
    assert refused == ["const", "size"]


@cases(lambda op: isinstance(op.lower, Decompose) or op.vjp is not None)
def test_rules_record_with_symbolic_sizes(op: OpDef, sample: Sample) -> None:
    """Decompositions and derivatives are written into a graph without asking for the number behind a size."""
    found = _with_symbol(sample)
    if found is None:
        return
    types, attrs, _ = found
    graph = Graph(infer)
    b = GraphBuild(graph)
    args = tuple(graph.leaf("input", f"x{i}", t) for i, t in enumerate(types))
    try:
        out = b.apply(op.name, args, attrs)
    except ShapeError:
        return
    if isinstance(op.lower, Decompose):
        assert op.lower.rule(b, args, attrs).type == out.type
    if op.vjp is not None and out.type.dtype.is_float:
        seed = b.broadcast_to(b.like(1.0, out), out.type.shape)
        needs = tuple(t.dtype.is_float for t in types)
        found_gradients = op.vjp(Pullback(b, args, out, attrs, needs), seed)
        for x, need, g in zip(args, needs, found_gradients, strict=True):
            assert not need or g is None or b.unbroadcast(g, x.type.shape).type == x.type
    verify(graph)


# How often a decomposition and its derivative, merged, may compute each expensive function.
ONCE: dict[str, dict[str, int]] = {
    "gelu": {"erf": 1, "tanh": 1, "exp": 1},
    "silu": {"sigmoid": 1},
    "logsumexp": {"max": 1, "exp": 1, "log": 1},
    "softmax": {"max": 1, "exp": 1},
    "log_softmax": {"max": 1, "log": 1, "exp": 2},
    "layer_norm": {"rsqrt": 1},
    "cross_entropy": {"max": 1, "exp": 1, "log": 1},
    "dropout": {"random_bits": 1},
}


@cases(lambda op: op.name in ONCE)
def test_derivatives_share_the_parts_of_the_decomposition(op: OpDef, sample: Sample) -> None:
    """The same calls give the same nodes, so forward and backward compute an expensive function once."""
    graph = Graph(infer)
    b = GraphBuild(graph)
    args = tuple(graph.leaf("input", f"x{i}", TensorType(DType(d), s)) for i, (s, d, *_) in enumerate(sample.operands))
    assert isinstance(op.lower, Decompose) and op.vjp is not None
    out = op.lower.rule(b, args, sample.attrs)
    needs = tuple(x.type.dtype.is_float for x in args)
    op.vjp(Pullback(b, args, out, sample.attrs, needs), b.like(1.0, out) if out.type.shape == () else b.zeros(out.type))
    ops = [n.op for n in graph.nodes]
    assert {name: ops.count(name) for name, most in ONCE[op.name].items() if ops.count(name) > most} == {}


# ---- negative controls: the checks see what is wrong
def _wrong_tanh(p: Pullback[V], g: V) -> Sequence[V | None]:
    return (p.b.mul(g, p.out),)


def _half(p: Pullback[V], g: V) -> Sequence[V | None]:
    return p.b.scale(g, 0.5), g


def _forgetful(p: Pullback[V], g: V) -> Sequence[V | None]:
    return None, p.b.mul(g, p.args[0])


def _wrong_silu(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return b.mul(b.sigmoid(args[0]), b.scale(args[0], 1.001))


def _doubled(args: tuple[Arr, ...], attrs: Attrs) -> Arr:
    return args[0].astype(np.float64)


def test_a_wrong_derivative_is_caught() -> None:
    for name, rule in (("tanh", _wrong_tanh), ("add", _half)):
        wrong = replace(OPS[name], vjp=rule)
        assert "gradient of operand 1 is off by" in oracle.check_vjp(wrong, wrong.domain[0])


def test_a_forgotten_gradient_is_caught() -> None:
    wrong = replace(OPS["mul"], vjp=_forgetful)
    assert "gradient of operand 1 is off by" in oracle.check_vjp(wrong, wrong.domain[0])


def test_a_wrong_decomposition_is_caught() -> None:
    wrong = replace(OPS["silu"], lower=Decompose(_wrong_silu))
    assert "the decomposition differs from the reference" in oracle.check_decomposition(wrong, wrong.domain[0])


def test_a_wrong_element_type_is_caught() -> None:
    wrong = replace(OPS["neg"], reference=_doubled)
    assert "the reference gives f64[3, 4], the shape rule says f32[3, 4]" in oracle.check_reference(
        wrong, wrong.domain[0]
    )
