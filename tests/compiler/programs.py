"""Random typed programs: graphs that use every operation of the table, with values that stay tame.

A program grows a pool of values. Each step applies one operation to values of the pool (or to fresh leaves of the
type it needs); what leaves the range of small numbers is squashed by tanh. The loss is a mean over several values, so
gradients reach everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol, TypeVar, final

import numpy as np

from shapewright.compiler.autodiff import GraphBuild, graph_gradients
from shapewright.compiler.ir.graph import Graph, Node
from shapewright.compiler.ops.opdef import Arr
from shapewright.compiler.ops.table import OPS, infer
from shapewright.compiler.sizes import Size, Symbol, evaluate, symbol
from shapewright.compiler.types import DType, TensorType

T = TypeVar("T")
BATCH, SEQ = symbol("Batch"), symbol("Seq")
SIZES = {Symbol("Batch"): 5, Symbol("Seq"): 3}  # at which programs are run
F, I = DType.float64, DType.int64
SMOOTH = ("exp", "tanh", "sigmoid", "erf", "sin", "cos", "softplus", "neg", "square", "relu", "abs", "sign", "floor")
POSITIVE = ("log", "log1p", "sqrt", "rsqrt", "reciprocal")
PAIRS = ("add", "sub", "mul", "maximum", "minimum")
COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


class Draw(Protocol):
    """Where choices come from: Hypothesis in the test, a random generator elsewhere."""

    def choose(self, options: Sequence[T]) -> T: ...


@final
class Program:
    """A random program under construction."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.graph = Graph(infer, "random")
        self.b = GraphBuild(self.graph)
        self.pool: list[Node] = []
        self.ints: dict[int, int] = {}  # integer leaf -> upper bound of its values
        self.steps = 0

    # ---- leaves
    def fresh(self, shape: tuple[Size, ...]) -> Node:
        kind = "input" if any(not isinstance(s, int) for s in shape) else "param"
        count = sum(n.op == "leaf" for n in self.graph.nodes)
        names = tuple("Batch" if not isinstance(s, int) else None for s in shape)
        node = self.graph.leaf("input" if kind == "input" else "param", f"v{count}", TensorType(F, shape, names))
        self.pool.append(node)
        return node

    def index(self, shape: tuple[Size, ...], bound: int) -> Node:
        node = self.graph.leaf("input", f"i{len(self.graph.nodes)}", TensorType(I, shape))
        self.ints[node.id] = bound
        return node

    # ---- values
    def any(self, least: int = 0) -> Node:
        """A float value of rank at least `least`; a fresh matrix where there is none."""
        fits = [n for n in self.pool if n.type.ndim >= least]
        return self.draw.choose(fits[-6:]) if fits else self.fresh((BATCH, 3, 4)[-max(least, 2) :])

    def like(self, x: Node) -> Node:
        """Another value that broadcasts with `x`."""
        fits = [n for n in self.pool if n is not x and n.type.shape in (x.type.shape, x.type.shape[1:])]
        return self.draw.choose(fits) if fits else self.fresh(x.type.shape)

    def positive(self, x: Node) -> Node:
        return self.b.shift(self.b.square(x), 0.5)

    def keep(self, x: Node) -> None:
        """Squash and remember a value."""
        if x.type.dtype.is_float:
            self.pool.append(self.b.tanh(x) if x.op in GROWING else x)

    def axis(self, x: Node) -> int:
        return self.draw.choose(range(x.type.ndim))

    def constant_axis(self, x: Node) -> int | None:
        fits = [d for d, s in enumerate(x.type.shape) if isinstance(s, int) and s > 1]
        return self.draw.choose(fits) if fits else None

    def loss(self) -> Node:
        b, total = self.b, self.b.const(0.0, F)
        for x in self.pool[-10:]:
            total = b.add(total, b.mean(b.tanh(x), tuple(range(x.type.ndim))))
        return total

    def finish(self) -> list[Node]:
        """Loss and gradients of every parameter become the outputs."""
        loss = self.loss()
        leaves = [n for n in self.graph.nodes if n.op == "leaf" and n.type.dtype is F]
        self.graph.outputs = [loss, *graph_gradients(self.graph, loss, leaves)]
        return self.graph.outputs

    def values(self, seed: int) -> dict[int, Arr]:
        """Values for every leaf, at `SIZES`."""
        rng, env = np.random.default_rng(seed), SIZES
        out: dict[int, Arr] = {}
        for n in self.graph.nodes:
            if n.op == "leaf":
                shape = tuple(evaluate(s, env) for s in n.type.shape)
                if n.kind == "key":
                    out[n.id] = np.array([seed, 7], np.uint32)
                elif n.id in self.ints:
                    out[n.id] = np.asarray(rng.integers(0, self.ints[n.id], shape))
                else:
                    out[n.id] = np.asarray(rng.uniform(-1.0, 1.0, shape))
        return out


GROWING = frozenset(
    {"exp", "square", "mul", "add", "sub", "div", "pow", "sum", "einsum", "matmul", "linear", "reciprocal"}
)
Step = Callable[[Program], None]


def unary(op: str) -> Step:
    return lambda p: p.keep(p.b.op(op, p.any()))


def positive(op: str) -> Step:
    return lambda p: p.keep(p.b.op(op, p.positive(p.any())))


def pair(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any()
        p.keep(p.b.op(op, x, p.like(x)))

    return step


def quotient(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any()
        y = p.like(x)
        p.keep(p.b.op(op, x, p.positive(y)) if op == "div" else p.b.op(op, p.positive(x), y))

    return step


def compare(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any()
        y = p.like(x)
        c = p.b.op(op, x, y)
        p.keep(p.b.where(c, x, p.b.neg(y)) if len(y.type.shape) == x.type.ndim else p.b.cast(c, F))

    return step


def logic(op: str) -> Step:
    def step(p: Program) -> None:
        b, x = p.b, p.any()
        low, high = b.lt(x, b.like(0.1, x)), b.gt(x, b.like(-0.4, x))
        c = b.op(op, low) if op == "logical_not" else b.op(op, low, high)
        p.keep(b.where(c, x, b.scale(x, 0.5)))

    return step


def test_finite(op: str) -> Step:
    return lambda p: p.keep(p.b.cast(p.b.op(op, p.any()), F))


def fold(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any(1)
        axes = p.draw.choose([(p.axis(x),), tuple(range(x.type.ndim)), (x.type.ndim - 1,)])
        keep = p.draw.choose([False, True])
        y = p.b.op(op, x, axis=axes, keepdims=keep)
        p.keep(p.b.cast(y, F) if op == "argmax" else y)

    return step


def matmul(p: Program) -> None:
    x = p.any(1)
    k = x.type.shape[-1]
    if isinstance(k, int):
        p.keep(p.b.op("matmul", x, p.fresh((k, p.draw.choose([3, 5])))))


def linear(p: Program) -> None:
    x = p.any(1)
    k = x.type.shape[-1]
    if isinstance(k, int):
        p.keep(p.b.op("linear", x, p.fresh((k, 4)), p.fresh((4,))))


def einsum(p: Program) -> None:
    x = p.any(2)
    letters = "abcdef"[: x.type.ndim]
    if p.draw.choose([True, False]):
        y = p.fresh(x.type.shape)
        p.keep(p.b.einsum(f"{letters},{letters}->{letters[:-1]}", x, y))
    else:
        y = p.fresh((x.type.shape[-1], 3)) if isinstance(x.type.shape[-1], int) else p.fresh(x.type.shape[-1:])
        tail = "z" if y.type.ndim == 2 else ""
        p.keep(p.b.einsum(f"{letters},{letters[-1]}{tail}->{tail}{letters[:-1]}", x, y))


def reshape(p: Program) -> None:
    x = p.any(2)
    *lead, a, c = x.type.shape
    p.keep(p.b.reshape(x, (*lead, a * c)) if p.draw.choose([True, False]) else p.b.reshape(x, (*lead, a, 1, c)))


def transpose(p: Program) -> None:
    x = p.any(2)
    order = list(range(x.type.ndim))
    i = p.draw.choose(range(len(order) - 1))
    order[i], order[i + 1] = order[i + 1], order[i]
    p.keep(p.b.transpose(x, tuple(order)))


def broadcast(p: Program) -> None:
    x = p.any()
    if x.type.ndim <= 2:
        p.keep(p.b.broadcast_to(x, (2, *x.type.shape)))


def cut(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is None:
        return
    n = int(x.type.shape[d])
    start, step = p.draw.choose([(0, 1), (1, 1), (n - 1, -1), (0, 2)])
    count = {(0, 1): n - 1, (1, 1): n - 1, (n - 1, -1): n, (0, 2): (n + 1) // 2}[(start, step)]
    shape = tuple(count if i == d else s for i, s in enumerate(x.type.shape))
    starts = tuple(start if i == d else 0 for i in range(x.type.ndim))
    p.keep(
        p.b.op("slice", x, starts=starts, steps=tuple(step if i == d else 1 for i in range(x.type.ndim)), shape=shape)
    )


def uncut(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is not None:
        shape = tuple(2 * s + 1 if i == d else s for i, s in enumerate(x.type.shape))
        steps = tuple(2 if i == d else 1 for i in range(x.type.ndim))
        starts = tuple(1 if i == d else 0 for i in range(x.type.ndim))
        p.keep(p.b.op("unslice", x, starts=starts, steps=steps, shape=shape))


def concat(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is not None:
        same = [n for n in p.pool if n.type.shape == x.type.shape]
        p.keep(p.b.op("concat", x, p.draw.choose(same), axis=d))


def take(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is not None:
        shape = p.draw.choose([(2,), (2, 3), ()])
        p.keep(p.b.op("take", x, p.index(shape, int(x.type.shape[d])), axis=d))


def take_along(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is not None:
        shape = tuple(p.draw.choose([1, 3]) if i == d else s for i, s in enumerate(x.type.shape))
        p.keep(p.b.op("take_along_axis", x, p.index(shape, int(x.type.shape[d])), axis=d))


def index_add(p: Program) -> None:
    x = p.any(2)
    d = p.constant_axis(x)
    if d is not None:
        p.keep(p.b.op("index_add", p.index((x.type.shape[d],), 5), x, axis=d, size=5))


def scatter_along(p: Program) -> None:
    x = p.any(1)
    d = p.constant_axis(x)
    if d is not None:
        p.keep(p.b.op("scatter_along_axis", p.index(x.type.shape, 4), x, axis=d, size=4))


def one_hot(p: Program) -> None:
    p.keep(p.b.op("one_hot", p.index((BATCH,), 4), n=4, dtype="float64"))


def embedding(p: Program) -> None:
    p.keep(p.b.op("embedding", p.index((BATCH, 2), 5), p.fresh((5, 3))))


def creation(op: str) -> Step:
    def step(p: Program) -> None:
        x, b = p.any(1), p.b
        if op == "const":
            p.keep(b.add(x, b.const(0.25, F)))
        elif op == "size":
            p.keep(b.div(x, b.op("size", size=BATCH, dtype="float64")))
        else:
            p.keep(b.mul(x, b.cast(b.iota(x.type.shape, p.axis(x)), F)))

    return step


def row(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any(1)
        p.keep(p.b.op(op, x, axis=p.axis(x)))

    return step


def layer_norm(p: Program) -> None:
    x = p.any(1)
    n = x.type.shape[-1]
    if isinstance(n, int):
        p.keep(p.b.op("layer_norm", x, p.fresh((n,)), p.fresh((n,)), eps=1e-2))


def pair_loss(op: str) -> Step:
    def step(p: Program) -> None:
        x = p.any(1)
        y = p.fresh(x.type.shape)
        p.keep(p.b.op(op, x, y, reduction=p.draw.choose(["mean", "sum", "none"])))

    return step


def cross_entropy(p: Program) -> None:
    x = p.any(2)
    n = x.type.shape[-1]
    if isinstance(n, int) and n > 1:
        smoothing, ignore = p.draw.choose([(0.0, None), (0.1, None), (0.0, 1)])
        targets = p.index(x.type.shape[:-1], n)
        p.keep(p.b.op("cross_entropy", x, targets, reduction="sum", label_smoothing=smoothing, ignore_index=ignore))


def random(op: str) -> Step:
    def step(p: Program) -> None:
        keys = p.graph.leaves("key")
        key = keys[0] if keys else p.graph.leaf("key", "key", TensorType(DType.uint32, (2,)))
        x, b, stream = p.any(1), p.b, len(p.graph.nodes)
        shape = x.type.shape
        if op == "uniform":
            y = b.op(op, key, shape=shape, stream=stream, low=-1.0, high=1.0, dtype="float64")
        elif op == "normal":
            y = b.op(op, key, shape=shape, stream=stream, mean=0.0, std=0.5, dtype="float64")
        elif op == "bernoulli":
            y = b.cast(b.op(op, key, shape=shape, stream=stream, p=0.5), F)
        elif op == "dropout":
            p.keep(b.op(op, x, key, stream=stream, p=0.25))
            return
        else:
            bits = [b.op("random_bits", key, shape=shape, stream=stream, word=w) for w in (0, 1)]
            y = b.op("bits_to_f64", *bits) if op != "bits_to_f32" else b.cast(b.op(op, bits[0]), F)
        p.keep(b.mul(x, y))

    return step


def cast(p: Program) -> None:
    x = p.any()
    p.keep(p.b.add(x, p.b.cast(p.b.cast(p.b.scale(x, 3.0), DType.int64), F)))


def clip(p: Program) -> None:
    low, high = p.draw.choose([(-0.3, 0.4), (None, 0.2), (-0.1, None)])
    p.keep(p.b.op("clip", p.any(), low=low, high=high))


def where(p: Program) -> None:
    x = p.any()
    y = p.fresh(x.type.shape)
    p.keep(p.b.where(p.b.gt(x, y), p.b.square(x), y))


STEPS: dict[str, Step] = {
    **{op: unary(op) for op in SMOOTH},
    **{op: positive(op) for op in POSITIVE},
    **{op: pair(op) for op in PAIRS},
    **{op: quotient(op) for op in ("div", "pow")},
    **{op: compare(op) for op in COMPARE},
    **{op: logic(op) for op in ("logical_and", "logical_or", "logical_not")},
    **{op: test_finite(op) for op in ("isnan", "isfinite")},
    **{op: fold(op) for op in ("sum", "max", "min", "mean", "logsumexp", "argmax")},
    **{op: creation(op) for op in ("const", "size", "iota")},
    **{op: row(op) for op in ("softmax", "log_softmax")},
    **{op: pair_loss(op) for op in ("mse_loss", "bce_with_logits")},
    **{
        op: random(op)
        for op in ("uniform", "normal", "bernoulli", "dropout", "random_bits", "bits_to_f32", "bits_to_f64")
    },
    "cast": cast,
    "clip": clip,
    "where": where,
    "stop_gradient": unary("stop_gradient"),
    "silu": unary("silu"),
    "gelu": lambda p: p.keep(p.b.op("gelu", p.any(), approximate=p.draw.choose(["none", "tanh"]))),
    "matmul": matmul,
    "linear": linear,
    "einsum": einsum,
    "reshape": reshape,
    "transpose": transpose,
    "broadcast_to": broadcast,
    "slice": cut,
    "unslice": uncut,
    "concat": concat,
    "take": take,
    "take_along_axis": take_along,
    "index_add": index_add,
    "scatter_along_axis": scatter_along,
    "one_hot": one_hot,
    "embedding": embedding,
    "layer_norm": layer_norm,
    "cross_entropy": cross_entropy,
}
CONTRACTIONS = ("matmul", "linear", "einsum", "sum", "mean", "logsumexp", "softmax", "layer_norm")


def random_program(draw: Draw, steps: int, forced: int = 0) -> Program:
    """A program of about `steps` random operations, with a contraction or reduction and a value that is used twice.

    `forced` more operations follow, where nothing can make them dead. They are sampled evenly by the text of the
    program so far, since Hypothesis' own choices are far from even.
    """
    p = Program(draw)
    p.fresh((BATCH, 4))
    p.fresh(draw.choose([(3, 4), (3, 4), (BATCH, SEQ, 4), (SEQ, 4), (BATCH, 2, SEQ), (BATCH, SEQ)]))
    names = sorted(STEPS)
    for _ in range(steps):
        STEPS[draw.choose(names)](p)
    STEPS[draw.choose(CONTRACTIONS)](p)
    x = p.any()
    p.keep(p.b.mul(p.b.tanh(x), p.b.square(x)))  # x is shared
    for name in Random(p.graph.text()).sample(names, forced):
        STEPS[name](p)
    return p


def missing() -> set[str]:
    """Operations of the table that no step uses."""
    return set(OPS) - set(STEPS)
