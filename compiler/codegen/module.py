"""Program text: every distinct kernel once, under the names of its first use."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

from ..loop.ir import Leaf, Map, Reduce, Scatter, is_inline
from ..schedule.kernels import Kernel, Schedule, Step, nodes_of, produced
from .dialect import Dialect
from .kernel import Arg
from .launch import Launch
from .naming import buffer_name
from .text import Names

MAX_NAME = 40
WIDTH = 100
# Operations that are not worth a word in a kernel's name.
# fmt: off
PLAIN = frozenset({
    "add", "sub", "mul", "div", "neg", "where", "square", "cast", "identity", "const", "size", "iota",
    "equal", "less", "greater", "sum", "max", "check_index",
})
# fmt: on


@final
@dataclass(slots=True)
class Emitted:
    """A kernel's text and how one step calls it."""

    name: str
    source: str
    args: tuple[Arg, ...]
    launch: Launch | None = None
    remark: str = ""


@final
@dataclass(slots=True)
class Module:
    """Collects the kernels of one program."""

    title: str
    dialect: Dialect
    by_key: dict[str, str] = field(default_factory=dict[str, str])  # canonical text -> name
    sources: dict[str, str] = field(default_factory=dict[str, str])  # name -> text

    def add(self, s: Schedule, step: Kernel | Scatter) -> Emitted:
        """Emit a kernel, or find that an equal one exists."""
        text = self.dialect.body(s, step)
        names, args = text.params.names, text.params.args
        decorator = self.dialect.decorator(text)
        params = list(args.values())
        body = "\n".join(["    " + view for view in text.params.opening()] + text.lines)
        key = names.canonical(decorator + ", ".join(params) + body)
        if key not in self.by_key:
            name = self._unique(kernel_name(step))
            self.by_key[key] = name
            about = "".join(f"# {line}\n" for line in user_text(step))
            self.sources[name] = names.render(about + heading(names, decorator, name, params) + body) + "\n"
        name = self.by_key[key]
        return Emitted(name, self.sources[name], tuple(args), text.launch, text.remark)

    def _unique(self, wanted: str) -> str:
        name, k = wanted if wanted not in self.dialect.reserved else f"{wanted}_kernel", 2
        while name in self.sources:
            name, k = f"{wanted}_{k}", k + 1
        return name

    def text(self) -> str:
        """The whole file."""
        body = "".join(f"\n\n{t}" for t in self.sources.values())
        used = set(re.findall(r"[A-Za-z_]\w*", "\n".join(line.partition("#")[0] for line in body.splitlines())))
        found = self.dialect.support & used | self.dialect.always
        names = ", ".join(sorted(found, key=lambda x: (x.upper() != x, x)))
        if len(names) > 60:
            names = (
                "(\n" + "\n".join(textwrap.wrap(names, 100, initial_indent="    ", subsequent_indent="    ")) + ",\n)"
            )
        return self.dialect.header.format(title=self.title, imports=names) + body


def heading(names: Names, decorator: str, kernel: str, params: list[str]) -> str:
    """Decorator and `def` line, the parameters on lines of their own where they are many."""
    line = f"def {kernel}({', '.join(params)}):"
    if names.width(line) <= WIDTH:
        return f"{decorator}\n{line}\n"
    rows, row = list[str](), ""
    for p in params:
        if row and names.width(f"    {row}{p},") > WIDTH:
            rows.append(row.rstrip())
            row = ""
        row += f"{p}, "
    rows.append(row.rstrip())
    return f"{decorator}\ndef {kernel}(\n" + "".join(f"    {r}\n" for r in rows) + "):\n"


def kernel_name(step: Step) -> str:
    """Named after the composites it computes, else after its operations."""
    labels: list[str] = []
    for n in nodes_of(step):
        o = n.origin
        if o is None or isinstance(n, Leaf) or is_inline(n):
            continue
        if o.op == "einsum" and isinstance(n, Map) and n.fn == "identity":
            labels.append("copy")  # of an operand, in the order that the product takes
        else:
            labels.append(o.tag or (n.fn if isinstance(n, Map | Reduce) else type(n).__name__.lower()))
    labels = list(dict.fromkeys(labels))
    parts = [x for x in labels if x.removesuffix("_grad") not in PLAIN] or labels
    name = "_".join(p for p in parts if not (p.endswith("_grad") and p.removesuffix("_grad") in parts))
    if any(p.endswith("_grad") and p.removesuffix("_grad") in parts for p in parts):
        name += "_and_grad"
    if len(name) > MAX_NAME:
        name = f"{parts[0]}_to_{parts[-1]}"[:MAX_NAME].strip("_")
    return name or "copy"


def user_text(step: Step) -> Iterable[str]:
    """What the kernel computes, in the user's words: results, and the source lines they come from."""
    lines = dict.fromkeys(
        f"{o.role}: {o.loc.text}"
        for n in nodes_of(step)
        if (o := n.origin) is not None and o.loc is not None and not is_inline(n)  # constants are everybody's
    )
    yield f"{', '.join(dict.fromkeys(buffer_name(r.into or r) for r in produced(step)))}  <-  {kernel_name(step)}"
    yield from list(lines)[:6]
