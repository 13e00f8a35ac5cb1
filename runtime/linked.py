"""`LinkedSession`: runs a recorded graph node by node, with the op table's NumPy references.

The obvious interpreter between eager and compiled: an oracle for the compiler, and what names the operation that made
a NaN or met a wrong index. It has the shape of the compiled `Executor`, so either can stand behind a trainer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import CompileError, DTypeError, ShapeError, ShapewrightError
from ..compiler.ir.attrs import Attrs, AttrValue
from ..compiler.ir.graph import Graph, LeafKind, Node
from ..compiler.loc import user_loc
from ..compiler.ops.table import OPS
from ..compiler.sizes import Poly, Symbol, evaluate
from ..compiler.types import DType
from ..dsl.array import type_text
from .nans import NanSearch, Where

Arr: TypeAlias = NDArray[np.generic]
Env: TypeAlias = Mapping[Symbol, int]

_STORED: tuple[LeafKind, ...] = ("param", "state", "grad")


def resolve(attrs: Attrs, env: Env) -> Attrs:
    """The same attributes with run-time sizes replaced by numbers."""
    changed = {k: _number(v, env) for k, v in attrs.items()}
    return Attrs(changed) if any(changed[k] is not v for k, v in attrs.items()) else attrs


def _number(value: AttrValue, env: Env) -> AttrValue:
    if isinstance(value, Poly):
        return evaluate(value, env)
    if isinstance(value, tuple):
        new = tuple(_number(v, env) for v in value)
        return new if any(a is not b for a, b in zip(new, value, strict=True)) else value
    return value


def bind_sizes(leaf: Node, shape: tuple[int, ...], env: dict[Symbol, int]) -> bool:
    """Match a shape with a leaf's, adding run-time sizes to `env`; False if it does not fit."""
    if len(shape) != leaf.type.ndim:
        return False
    for want, have in zip(leaf.type.shape, shape, strict=True):
        if isinstance(want, int):
            if want != have:
                return False
        elif (name := single_symbol(want)) is not None:
            if env.setdefault(name, have) != have:
                return False
        elif evaluate(want, env) != have:
            return False
    return True


def single_symbol(size: Poly) -> Symbol | None:
    """The symbol, if the size is one symbol and nothing else."""
    if len(size.terms) == 1:
        mono, factor = size.terms[0]
        if factor == 1 and len(mono) == 1 and isinstance(mono[0], Symbol):
            return mono[0]
    return None


@final
class LinkedSession:
    """A graph with its leaves bound.

    storage: leaf node id -> array, for parameters, state and given gradients; updates overwrite it in place.
    """

    def __init__(self, graph: Graph, storage: Mapping[int, Arr] | None = None) -> None:
        self.graph = graph
        self.values: dict[int, Arr] = {}
        self._storage = dict(storage or {})
        self._nodes = graph.live()
        self._inputs = graph.leaves("input")
        self._scalars = graph.leaves("scalar")
        self._keys = graph.leaves("key")
        for kind in _STORED:
            for leaf in graph.leaves(kind):
                if leaf.id in self._storage:
                    _check(leaf, self._storage[leaf.id], {})

    def bind(self, leaf: Node, array: Arr) -> None:
        """Give a parameter, state or gradient leaf its array (kept, and overwritten by updates)."""
        _check(leaf, array, {})
        self._storage[leaf.id] = array

    def run(
        self, inputs: Sequence[Arr] = (), scalars: Sequence[float] = (), key: tuple[int, int] = (0, 0)
    ) -> list[Arr]:
        """Run every live node, perform the updates, and return copies of the outputs.

        inputs, scalars: in the order of the graph's input and scalar leaves. key: both words of the random key.

        Raises:
            ShapeError, DTypeError: an array that does not fit its leaf. CompileError: a leaf without an array.
            IndexOutOfRange: an index outside its axis; nothing is updated.
        """
        outputs = self.look(inputs, scalars, key)
        new = [(self.values[leaf.id], _value(self.values, value).copy()) for leaf, value in self.graph.updates]
        for array, value in new:
            np.copyto(array, value, casting="no")
        return outputs

    def look(
        self,
        inputs: Sequence[Arr] = (),
        scalars: Sequence[float] = (),
        key: tuple[int, int] = (0, 0),
        nans: NanSearch | None = None,
    ) -> list[Arr]:
        """As `run`, without the updates. nans: what looks at every result, and raises NumericError for the first NaN."""
        values = dict(self._storage)
        env: dict[Symbol, int] = {}
        _count("input arrays", inputs, self._inputs)
        _count("scalars", scalars, self._scalars)
        for leaf, array in zip(self._inputs, inputs, strict=True):
            _check(leaf, array, env)
            values[leaf.id] = array
        for leaf, number in zip(self._scalars, scalars, strict=True):
            values[leaf.id] = np.asarray(number, leaf.type.dtype.numpy)
        for leaf in self._keys:
            values[leaf.id] = np.asarray(key, np.uint32)
        values.update(self.graph.constants)
        for node in self._nodes:
            if node.op != "leaf":
                values[node.id] = _execute(node, values, env, nans)
        self.values = values
        return [_value(values, n).copy() for n in self.graph.outputs]


def _execute(node: Node, values: Mapping[int, Arr], env: Env, nans: NanSearch | None) -> Arr:
    args = tuple(_value(values, n) for n in node.inputs)
    try:
        out = OPS[node.op].reference(args, resolve(node.attrs, env))
    except ShapewrightError as error:
        d = error.diagnostic
        if node.called and d.message.startswith(f"{node.op}:"):
            d.message = node.called + d.message[len(node.op) :]
        raise error.at(node.loc, _operands(node, env)) from None
    if nans is not None:
        nans.check(node.op, args, out, _where(node))
    return out


def _operands(node: Node, env: Env) -> list[str]:
    """The operands as the user wrote them, with the sizes of this run."""
    return [
        f"{name}: {x if isinstance(x, str) else type_text(x, lambda s: evaluate(s, env))}" for name, x in node.operands
    ]


def _where(node: Node) -> Where:
    origin = (node.tag or "").removesuffix("_grad") if node.role == "backward" else ""
    return Where(node.loc or user_loc(), origin or None, node.role == "update")


def _value(values: Mapping[int, Arr], node: Node) -> Arr:
    found = values.get(node.id)
    if found is None:
        raise CompileError(
            f"leaf {node.name!r} ({node.kind}) has no array", help="bind it before running", code="SW503"
        )
    return found


def _check(leaf: Node, array: Arr, env: dict[Symbol, int]) -> None:
    if not bind_sizes(leaf, array.shape, env):
        raise ShapeError(
            f"{leaf.kind} {leaf.name!r} has another shape",
            details=[f"expected {leaf.type}", f"got {array.dtype}{list(array.shape)}"],
            code="SW101",
        )
    if DType.of(array.dtype) is not leaf.type.dtype:
        raise DTypeError(
            f"{leaf.kind} {leaf.name!r} has another element type",
            details=[f"expected {leaf.type}", f"got {array.dtype}{list(array.shape)}"],
            code="SW203",
        )


def _count(what: str, given: Sequence[object], wanted: Sequence[Node]) -> None:
    if len(given) != len(wanted):
        names = ", ".join(str(n.name) for n in wanted)
        raise ShapeError(f"{len(given)} {what} given, {len(wanted)} wanted ({names})", code="SW103")
