"""Recording: nodes, leaves, symbolic sizes and restarts, random streams, other interpreters."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.ir.graph import verify
from shapewright.compiler.types import DType
from shapewright.dsl.interpreters import current, eager
from shapewright.dsl.record import Recording, record

N = TypeVar("N")
Four: TypeAlias = Literal[4]


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Inner(sw.Dim): ...


class Outer(sw.Dim):
    size = 4


class Dense(sw.Pack):
    w: sw.Tensor[Inner, Outer]
    b: sw.Tensor[Outer]


def pack() -> Dense:
    return Dense(sw.Tensor[Inner, Outer].normal(shape=(3, 4)), sw.Tensor[Outer].zeros())


def x_of(n: int) -> sw.Tensor[Any, Any]:
    return sw.Tensor(np.arange(n * 3, dtype=np.float32).reshape(n, 3))


def ints(*values: int) -> sw.IntTensor[Any]:
    return sw.IntTensor(np.array(values))


Two: TypeAlias = Callable[[Any, Any], Any]


@sw.typed
def loss(p: Dense, x: sw.Tensor[Batch, Inner], y: sw.IntTensor[Batch]) -> sw.Scalar:
    h = sw.relu(x @ p.w + p.b)
    return sw.cross_entropy(h, y)


def ops_in(r: Recording) -> list[str]:
    return [n.op for n in r.graph.nodes if n.op != "leaf"]


# ---- leaves and nodes
def test_graph_of_a_loss() -> None:
    r = record(loss, pack(), x_of(5), ints(0, 1, 2, 3, 0))
    assert ops_in(r) == ["matmul", "add", "relu", "cross_entropy"]
    assert [n.name for n in r.params] == ["w", "b"]
    assert [n.name for n in r.inputs] == ["x", "y"]
    assert str(r.inputs[0].type) == "f32[Batch, Inner=3]"
    assert str(r.params[0].type) == "f32[Inner=3, Outer=4]"
    assert r.graph.outputs == r.outputs
    assert r.specialised == {}
    verify(r.graph)


def test_nodes_know_line_and_name() -> None:
    r = record(loss, pack(), x_of(2), ints(0, 1))
    relu = next(n for n in r.graph.nodes if n.op == "relu")
    assert relu.name == "h"
    assert relu.loc is not None
    assert relu.loc.text == "h = sw.relu(x @ p.w + p.b)"


def test_float_inputs_take_the_width_of_the_parameters() -> None:
    r = record(loss, pack(), np.ones((5, 3)), np.zeros(5, np.int32))
    assert r.inputs[0].type.dtype is DType.float32
    assert r.inputs[1].type.dtype is DType.int64


def test_state_is_a_leaf_kind_of_its_own() -> None:
    def f(p: Dense, s: tuple[sw.Tensor[Outer]], x: sw.Tensor[Batch, Inner]) -> tuple[sw.Scalar, Any]:
        h = (x @ p.w).mean(0)
        return h.sum(), (s[0] * 0.5 + h,)

    r = record(f, pack(), (sw.zeros(4),), x_of(2), state=True)
    assert [n.kind for n in r.graph.nodes if n.op == "leaf"] == ["param", "param", "state", "input"]
    assert len(r.outputs) == 2


def test_concrete_tensors_become_constants() -> None:
    table: Any = sw.ones((3,))
    scale: Any = sw.Scalar(2.0)

    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return ((x * table + table) * scale).sum()

    r = record(f, pack(), x_of(2))
    constants = r.graph.leaves("constant")
    assert len(constants) == 1
    assert constants[0].type.dtype is DType.float32
    assert [n.attrs["value"] for n in r.graph.nodes if n.op == "const"] == [2.0]


def test_numbers_take_the_type_of_the_tensor() -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return 1 + x, sw.argmax(x, -1) + 1

    r = record(f, pack(), x_of(2))
    assert sorted(str(n.type) for n in r.graph.nodes if n.op == "const") == ["f32[]", "i64[]"]


def test_result_that_is_not_recorded_is_an_output_too() -> None:
    f: Two = lambda p, x: (x, sw.ones(2))  # noqa: E731
    r = record(f, pack(), x_of(2))
    assert [o.op for o in r.outputs] == ["leaf", "broadcast_to"]


def test_new_tensors_take_the_width_of_the_program() -> None:
    def f(p: sw.Tensor[Any], x: sw.Tensor[Any]) -> Any:
        return p + sw.zeros(3) + sw.normal((3,)) + 1.5

    r = record(f, sw.ones(3, "float64"), np.ones(3))
    assert r.outputs[0].type.dtype is DType.float64


# ---- sizes
def test_only_inputs_make_sizes_symbolic() -> None:
    def f(p: Dense, x: sw.Tensor[N, Inner], z: sw.Tensor[Seq, Four], u: sw.Tensor[Any]) -> Any:
        return x, z, u

    r = record(f, pack(), x_of(2), sw.ones((7, 4)), sw.ones(6))
    assert [str(n.type) for n in r.inputs] == ["f32[N, Inner=3]", "f32[Seq, 4]", "f32[6]"]
    assert sorted(r.example.values()) == [2, 7]


def test_dims_of_one_name_are_two_symbols() -> None:
    def make() -> type[sw.Dim]:
        class Rows(sw.Dim): ...

        return Rows

    a, b = make(), make()

    def f(p: Dense, x: Any, y: Any) -> Any:
        return x, y

    f.__annotations__ = {"x": sw.Tensor[a], "y": sw.Tensor[b]}  # type: ignore[valid-type]
    r = record(f, pack(), sw.ones(2), sw.ones(3))
    first, second = (n.type.shape[0] for n in r.inputs)
    assert str(first) == str(second) == "Rows"
    assert first != second


def test_sizes_compute_symbolically() -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Seq, Inner]) -> Any:
        flat = x.reshape(-1, 3)
        mean = x.sum() / (x.shape[0] * x.shape[1])
        tail = x[:, 1:] - x[:, :-1]
        last = x[:, -1]
        causal = sw.tril(x @ x.mT)
        return flat, mean, tail, last, causal, sw.arange(x.shape[1]), sw.mean(x), x.flatten()

    r = record(f, pack(), sw.ones((2, 5, 3)))
    assert r.specialised == {}
    assert [str(o.type) for o in r.outputs] == [
        "f32[Batch*Seq, Inner=3]",
        "f32[]",
        "f32[Batch, Seq - 1, Inner=3]",
        "f32[Batch, Inner=3]",
        "f32[Batch, Seq, Seq]",
        "i64[Seq]",
        "f32[]",
        "f32[3*Batch*Seq]",
    ]
    verify(r.graph)


def why(f: Any, *xs: Any) -> str:
    """The reason why `Batch` became a constant."""
    r = record(f, pack(), *xs)
    assert set(r.specialised) == {"Batch"}
    assert r.inputs[0].type.shape[0] == xs[0].shape[0]
    return r.specialised["Batch"]


def test_python_that_needs_a_size_makes_it_constant() -> None:
    def looped(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        total = x[0]
        for i in range(1, x.shape[0]):
            total = total + x[i]
        return total

    def compared(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x * 2.0 if x.shape[0] == 5 else x

    def compared_tuple(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x * 2.0 if x.shape == (5, 3) else x

    def ordered(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x * 2.0 if x.shape[0] > 2 else x

    def scaled(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x * (1.0 / x.shape[0])

    def rooted(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x / x.shape[0] ** 0.5

    def iterated(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        total = sw.zeros(3)
        for row in x:
            total = total + row
        return total

    def squeezed(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x.squeeze()

    for f in (looped, compared, compared_tuple, ordered, scaled, rooted, iterated, squeezed):
        assert "Batch is needed as a number" in why(f, x_of(5))
        assert "test_record.py" in why(f, x_of(5))
    for f in (compared, compared_tuple, ordered):
        assert "mul" in ops_in(record(f, pack(), x_of(5)))
    assert "mul" not in ops_in(record(compared, pack(), x_of(4)))


def test_sizes_take_part_in_arithmetic() -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x.shape[0] * x, x / x.shape[0], x.size - x.sum()

    r = record(f, pack(), x_of(5))
    assert r.specialised == {}
    assert [n.op for n in r.graph.nodes if n.op == "size"] == ["size", "size"]


def test_sizes_equal_only_in_the_example_become_constants() -> None:
    bias = sw.ones((5, 3))

    def added(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x + bias

    assert "do not broadcast" in why(added, x_of(5))

    def two(p: Dense, x: sw.Tensor[Batch, Inner], y: sw.Tensor[Seq, Inner]) -> Any:
        other: Any = y  # checkers refuse the sum
        return x + other

    r = record(two, pack(), x_of(5), x_of(5))
    assert set(r.specialised) == {"Batch", "Seq"}

    @sw.typed
    def inner(y: sw.Tensor[Four, Inner]) -> sw.Tensor[Four, Inner]:
        return y

    def nested(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return inner(x)  # type: ignore[arg-type]

    assert record(nested, pack(), x_of(4)).specialised.keys() == {"Batch"}


def test_restart_is_not_caught_by_user_code() -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        try:
            return x * int(x.shape[0])
        except Exception:
            return x

    assert "Batch" in record(f, pack(), x_of(5)).specialised


# ---- values that do not exist
USES: list[tuple[Callable[[Any], Any], str | None]] = [
    (lambda x: float(x.sum()), "keep it as a tensor"),
    (lambda x: x.sum().item(), "sw.where chooses by it"),
    (lambda x: x.numpy(), "return it and read it outside"),
    (lambda x: np.asarray(x), "sw function"),
    (lambda x: 1 if x.sum() > 0 else 2, "sw.where"),
    (lambda x: int(x.argmax()), "static argument"),
    (lambda x: operator.index(x.argmax()), "sw.take"),
    (lambda x: x[x > 0], "sw.where"),
    (lambda x: f"{x.sum():.2f}", None),
]


@pytest.mark.parametrize(("use", "says"), USES)
def test_values_while_recording(use: Any, says: str | None) -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        use(x)
        return x

    if says is None:
        record(f, pack(), x_of(2))
        return
    with pytest.raises(sw.TraceError, match=says) as error:
        record(f, pack(), x_of(2))
    assert "test_record.py" in str(error.value)


def test_tensors_do_not_leave_their_recording() -> None:
    kept: list[Any] = []

    def leak(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        kept.append(x)
        return x

    def meet(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return x + kept[0]

    record(leak, pack(), x_of(2))
    with pytest.raises(sw.TraceError, match="two recordings"):
        record(meet, pack(), x_of(2))
    with pytest.raises(sw.TraceError, match="is an argument of a function that is recorded"):
        record(leak, pack(), kept[0])


def test_wrong_number_of_inputs() -> None:
    with pytest.raises(
        sw.ShapeError, match=r"`loss` (is called without `y`|takes 3 positional arguments, 4 were given)"
    ):
        record(loss, pack(), x_of(2))


def test_interpreter_is_restored_after_an_error() -> None:
    f: Two = lambda p, x: x.item()  # noqa: E731
    with pytest.raises(sw.TraceError):
        record(f, pack(), x_of(2))
    assert current() is eager()


# ---- random numbers
def test_draws_are_numbered_and_never_merged() -> None:
    def f(p: Dense, x: sw.Tensor[Batch, Inner]) -> Any:
        return sw.dropout(x, 0.5) + sw.dropout(x, 0.5) + sw.normal((3,)) + sw.normal((3,), key=1)

    r = record(f, pack(), x_of(2))
    draws = [n for n in r.graph.nodes if n.op in ("dropout", "normal")]
    assert [n.attrs["stream"] for n in draws] == [0, 1, 2, 0]
    assert [n.inputs[-1].kind for n in draws] == ["key", "key", "key", "constant"]
    assert len(r.graph.leaves("key")) == 1


# ---- other interpreters
class Count:
    """An interpreter that counts operations."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def lift(self, x: sw.Array[*tuple[Any, ...]]) -> str:
        return f"{x.shape}"

    def apply(self, op: str, args: Sequence[str], attrs: Mapping[str, object]) -> str:
        self.seen.append(op)
        return f"{op}({', '.join(args)})"


def test_run_with_an_interpreter_of_the_user() -> None:
    ops = Count()
    out = sw.run_with(ops, loss, pack(), np.ones((2, 3)), np.zeros(2, int))  # type: ignore[arg-type]
    assert ops.seen == ["matmul", "add", "relu", "cross_entropy"]
    assert out == "cross_entropy(relu(add(matmul((2, 3), (3, 4)), (4,))), (2,))"


def test_run_with_needs_a_tensor() -> None:
    with pytest.raises(sw.DTypeError, match="returned float, not a tensor"):
        sw.run_with(Count(), lambda p, x: 1.0, pack(), x_of(2))  # type: ignore[arg-type, return-value]


def test_public_record_gives_the_graph() -> None:
    graph = sw.record(loss, pack(), sw.Tensor[Batch, Inner](x_of(2)), sw.IntTensor[Batch]([0, 1]))
    assert "cross_entropy" in str(graph)
