"""Comparisons of values with annotations, written as Python source: the body of a quick check (`quick`)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast, final

from .annotations import AxisExpr, AxisSpec, DimName, dim_names, labels
from .array import Array
from .check import inside, lacks, named
from .hints import ArrayHint, Hint, ManyHint, PackHint, PlainHint, TupleHint, UnionHint
from .reference import is_plain
from .scope import Source

_MOST = 1600  # variables: a longer check is not worth its compilation
_DEEPEST = 12  # packs that contain their own class end somewhere


class Unsupported(Exception):
    """An annotation that only the full check knows."""


def labels_fit(names: tuple[str | None, ...], axes: tuple[AxisSpec, ...]) -> bool:
    """Whether no axis was made with another `Dim` than the annotation has."""
    return len(names) != len(axes) or not any(
        axis.kind == "dim" and isinstance(name, DimName) and name.dim is not axis.key
        for axis, name in zip(axes, names, strict=True)
    )


@final
@dataclass(slots=True)
class _Block:
    """A part of the text that always runs as a whole: the body of the function, of a loop, of an `if`."""

    start: int  # the line where variables of the block get their first value
    indent: int
    loop: bool = False


@final
@dataclass(slots=True)
class Writer:
    """Writes the comparisons for values; a failing one runs the statement `fail`."""

    constants: dict[str, object]
    fail: str
    indent: int = 2
    lines: list[str] = field(default_factory=list[str])
    sizes: dict[object, str] = field(default_factory=dict[object, str])  # Dim or (frame, variable) -> its variable
    unsure: set[str] = field(default_factory=set[str])  # variables that are None while the axis has no size
    sources: dict[object, Source] = field(default_factory=dict[object, Source])  # who binds it, if that is sure
    labels: list[str] = field(default_factory=list[str])  # conditions: an axis has the label of another Dim
    result: bool = False  # values are results, whose axes without a name get one
    _later: list[tuple[str, AxisSpec, int]] = field(default_factory=list[tuple[str, AxisSpec, int]])
    _blocks: list[_Block] = field(default_factory=list[_Block])
    _frames: list[_Block] = field(default_factory=list[_Block])  # where each frame of type variables began
    _count: int = 0

    def __post_init__(self) -> None:
        self._blocks = [_Block(len(self.lines), self.indent)]
        self._frames = [self._blocks[0]]

    # ---- text
    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def refuse(self, condition: str) -> None:
        """Fail if the condition holds."""
        self.line(f"if {condition}:")
        self.lines.append("    " * (self.indent + 1) + self.fail)

    def new(self, kind: str) -> str:
        """A variable that does not exist yet."""
        self._count += 1
        if self._count > _MOST:
            raise Unsupported
        return f"{kind}{self._count}"

    def constant(self, kind: str, value: object) -> str:
        """The name of a value in the namespace of the check."""
        found = next((n for n, v in self.constants.items() if v is value), None)
        if found is None:
            found = f"{kind}_{len(self.constants)}"
            self.constants[found] = value
        return found

    @contextmanager
    def block(self, head: str) -> Generator[None]:
        """Lines under a `for` or an `if`."""
        self.line(head)
        self.indent += 1
        start = len(self.lines)
        self._blocks.append(_Block(start, self.indent, head.startswith("for")))
        yield
        if len(self.lines) == start:
            self.line("pass")
        self._blocks.pop()
        self.indent -= 1

    # ---- values
    def value(self, hint: Hint, text: str, at: Source, frame: int = 0, depth: int = 0) -> None:
        """Compare the value of an expression (a name, or an attribute of one) with a hint."""
        if depth > _DEEPEST:
            raise Unsupported
        match hint:
            case ArrayHint():
                self._array(hint, text, at, frame)
            case PackHint():
                self._class(text, hint.cls)
                if hint.own:
                    self._frames.append(self._blocks[-1])
                    frame = len(self._frames) - 1
                self.fields(hint, text, at, frame, depth)
            case TupleHint():
                self._tuple(hint, text, at, frame, depth)
            case ManyHint():
                self._many(hint, text, at, frame, depth)
            case UnionHint():
                options = [o for o in hint.options if not (isinstance(o, PlainHint) and o.annotation is type(None))]
                if len(options) != 1 or len(options) == len(hint.options):
                    raise Unsupported
                with self.block(f"if {text} is not None:"):
                    self.value(options[0], text, at, frame, depth + 1)
            case PlainHint():
                self._plain(hint, text)

    def fields(self, hint: PackHint, text: str, at: Source, frame: int = 0, depth: int = 0) -> None:
        """The fields of a pack."""
        for name, inner, source in hint.sources(at):
            if isinstance(inner, PlainHint) and inner.open:
                continue
            part = self.new("v")
            self.line(f"{part} = {text}.{name}")
            self.value(inner, part, source, frame, depth + 1)

    def _class(self, text: str, cls: type[object]) -> None:
        self.refuse(f"{text}.__class__ is not {self.constant('Class', cls)}")

    def _tuple(self, hint: TupleHint, text: str, at: Source, frame: int, depth: int) -> None:
        self._class(text, hint.cls)
        if not hint.items:
            self.refuse(text)
            return
        parts = [self.new("v") for _ in hint.items]
        self.line(f"{', '.join(parts)}{',' if len(parts) == 1 else ''} = {text}")
        for name, item, part in zip(hint.names, hint.items, parts, strict=True):
            self.value(item, part, inside(at, name, item.text, hint.cls), frame, depth + 1)

    def _many(self, hint: ManyHint, text: str, at: Source, frame: int, depth: int) -> None:
        listed = issubclass(hint.cls, tuple)
        self._class(text, hint.cls if listed else dict)
        part, key = self.new("v"), self.new("k")
        with self.block(f"for {part} in {text}:" if listed else f"for {key}, {part} in {text}.items():"):
            if not listed:
                self.refuse(f"{key}.__class__ is not str")
            self.value(hint.item, part, inside(at, "0" if listed else "", hint.item.text, hint.cls), frame, depth + 1)

    def _plain(self, hint: PlainHint, text: str) -> None:
        if hint.open:
            return
        if hint.annotation is type(None):
            self.refuse(f"{text} is not None")
            return
        wanted = self.constant("Kind", hint.annotation)
        exact = f"{text}.__class__ is not {wanted} and " if isinstance(hint.annotation, type) else ""
        self.refuse(f"{exact}not {self.constant('is_plain', is_plain)}({text}, {wanted})")

    # ---- tensors
    def _array(self, hint: ArrayHint, text: str, at: Source, frame: int) -> None:
        if cast("object", hint.cls) is Array:
            self.refuse(f"not isinstance({text}, {self.constant('Array', Array)})")
        else:
            self._class(text, hint.cls)
        has_dims = any(a.kind == "dim" for a in hint.axes)
        type_ = f"{text}._type"
        if has_dims:
            kept = self.new("t")
            self.line(f"{kept} = {type_}")
            type_ = kept
        self._sizes(hint, f"{type_}.shape", at, frame)
        if has_dims and self.result:
            self._name(hint.axes, text, type_)
        elif has_dims:
            self._label(hint.axes, type_)

    def _sizes(self, hint: ArrayHint, shape: str, at: Source, frame: int) -> None:
        if not hint.axes:
            self.refuse(shape)
            return
        targets: list[str] = []
        pairs: list[tuple[str, str]] = []
        for axis in hint.axes:
            target = self._axis(axis, at, frame, pairs)
            targets.append(f"*{target}" if axis.kind == "variadic" else target)
        if targets != ["*_"]:
            self.line(f"{', '.join(targets)}{',' if len(targets) == 1 else ''} = {shape}")
        sure = [f"{taken} != {want}" for taken, want in pairs if want not in self.unsure]
        if sure:
            self.refuse(" or ".join(sure))
        for taken, want in pairs:
            if want in self.unsure:
                with self.block(f"if {want} is None:"):
                    self.line(f"{want}, {want}_at = {taken}, {self.constant('source', at)}")
                self.refuse(f"{taken} != {want}")

    def _axis(self, axis: AxisSpec, at: Source, frame: int, pairs: list[tuple[str, str]]) -> str:
        """The variable that takes the size of an axis; with what it must equal, if anything, it is added to `pairs`."""
        if axis.size is not None:
            taken = self.new("r")
            pairs.append((taken, str(axis.size)))
            return taken
        if axis.kind == "any" or axis.key is None:
            return "_"
        if axis.kind == "expr":
            taken = self.new("r")
            if len(self._blocks) > 1:
                raise Unsupported
            self._later.append((taken, axis, frame))
            return taken
        key = axis.key if axis.kind == "dim" else (frame, axis.key)
        born = self._frames[0 if axis.kind == "dim" else frame]
        have = self.sizes.get(key)
        if axis.kind == "dim" and (have is None or have in self.unsure):
            self._placed(at)
        if have is None:
            have = self.sizes[key] = self.new("s")
            self.sources[key] = at
            if born is self._blocks[-1]:
                return have
            self.unsure.add(have)
            self.lines.insert(born.start, "    " * born.indent + f"{have} = {have}_at = None")
            self._moved(born.start)
        taken = self.new("r")
        pairs.append((taken, have))
        return taken

    def _placed(self, at: Source) -> None:
        """Unsupported where it is only known at the call which element of a container binds an axis first."""
        loops = [b for b in self._blocks if b.loop]
        if loops and (len(loops) > 1 or loops[0] is not self._blocks[-1] or ".." in f"{at.path}."):
            raise Unsupported

    def _moved(self, line: int) -> None:
        """A line was put in: what begins behind it begins one later."""
        for block in {id(b): b for b in (*self._blocks, *self._frames)}.values():
            if block.start > line:
                block.start += 1

    def _label(self, axes: tuple[AxisSpec, ...], type_: str) -> None:
        exact = self.constant("labels", labels(axes))
        fits = self.constant("labels_fit", labels_fit)
        condition = f"{type_}.names is not {exact} and not {fits}({type_}.names, {self.constant('axes', axes)})"
        if len(self._blocks) == 1:
            self.labels.append(condition)
        else:
            self.refuse(f'(scope is None or scope[2] == "open") and {condition}')

    def _name(self, axes: tuple[AxisSpec, ...], text: str, type_: str) -> None:
        """Give a result the names it lacks; inside of a container the full check does."""
        names = self.constant("names", dim_names(axes))
        lacks_one = f"{self.constant('lacks', lacks)}({type_}.names, {names})"
        lacking = f"{type_}.names is not {names} and None in {type_}.names and {lacks_one}"
        if text == "value":
            self.line(f"if {lacking}:")
            self.line(f"    value = {self.constant('named', named)}(value, {names})")
        else:
            self.refuse(lacking)

    def results(self, fail: str) -> None:
        """Begin the text for results, in which the variables of this one are known."""
        self.fail, self.lines, self.labels, self.result = fail, [], [], True
        self._blocks = [_Block(0, self.indent)]
        self._frames[0] = self._blocks[0]

    @property
    def frames(self) -> int:
        """How many packs with type variables of their own there are."""
        return len(self._frames) - 1

    def known(self) -> str:
        """The text of what is known of type variables: which, the size (None: not known), who bound it."""
        local: list[tuple[object, str]] = [(key, v) for key, v in self.sizes.items() if isinstance(key, tuple)]
        sources = {v: f"{v}_at" if v in self.unsure else self.constant("source", self.sources[key]) for key, v in local}
        return "(" + "".join(f"({self.constant('key', key)}, {v}, {sources[v]}), " for key, v in local) + ")"

    def expressions(self) -> None:
        """The sizes that are sums and products of others, when those are known."""
        for taken, axis, frame in self._later:
            self.refuse(f"{taken} != {self._formula(axis, frame)}")
        self._later.clear()

    def _formula(self, axis: AxisSpec, frame: int) -> str:
        if axis.size is not None:
            return str(axis.size)
        if isinstance(axis.key, AxisExpr):
            return f"({self._formula(axis.key.left, frame)} {axis.key.op} {self._formula(axis.key.right, frame)})"
        have = self.sizes.get(axis.key if axis.kind == "dim" else (frame, axis.key))
        if have is None or have in self.unsure:
            raise Unsupported
        return have

    # ---- scopes
    def given(self, dims: Mapping[object, str]) -> tuple[list[str], str, str]:
        """For sizes of `Dim`s: lines that come first, the text of a dict of the sizes, that of one of their sources."""
        sure = {d: v for d, v in dims.items() if v not in self.unsure}
        known = "{" + ", ".join(f"{self.constant('Dim', d)}: {v}" for d, v in sure.items()) + "}"
        sources = self.constant("sources", {d: self.sources[d] for d in sure})
        if len(sure) == len(dims):
            return [], known, sources
        lines = [f"given, origin = {known}, dict({sources})"]
        for dim, v in dims.items():
            if v in self.unsure:
                key = self.constant("Dim", dim)
                lines += [f"if {v} is not None:", f"    given[{key}], origin[{key}] = {v}, {v}_at"]
        return lines, "given", "origin"
