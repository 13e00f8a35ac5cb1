"""docs/reference.md from the code: what each public name is called with, and its docstring."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast, get_args, get_type_hints

import shapewright as sw
from shapewright.runtime.data import Batches
from shapewright.runtime.jit import Jitted

# Groups whose names are rows of a table, in the order of the page.
TABLES: dict[str, list[str]] = {
    "Making tensors": ["zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "arange", "linspace", "eye"],
    "Random numbers": ["uniform", "normal", "randint", "bernoulli", "dropout"],
    "Arithmetic and comparison": [
        *("add", "sub", "mul", "div", "pow", "neg", "maximum", "minimum"),
        *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
        *("logical_and", "logical_or", "logical_xor", "logical_not"),
    ],
    "Elementwise functions": [
        *("abs", "sign", "floor", "ceil", "round", "square", "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log"),
        *("log1p", "sin", "cos", "tanh", "erf", "clip", "where", "isnan", "isfinite", "cast", "stop_gradient"),
    ],
    "Activations": [
        *("relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "log_sigmoid", "softplus", "softmax", "log_softmax"),
    ],
    "Reductions": [
        *("sum", "mean", "var", "std", "max", "min", "argmax", "argmin", "all", "any", "norm", "logsumexp"),
    ],
    "Products": ["matmul", "dot", "outer", "einsum", "linear", "scaled_dot_product_attention"],
    "Normalisation": ["layer_norm", "rms_norm", "batch_norm", "instance_norm", "group_norm"],
    "Losses": [
        *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "huber_loss", "bce_loss", "bce_with_logits", "kl_div"),
    ],
    "Shapes": ["reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "broadcast_to", "repeat"],
    "Order and parts": ["flip", "roll", "tril", "triu", "slice", "pad", "concat", "stack", "split"],
    "Indexing": ["index", "take", "take_along_axis", "gather", "scatter_add", "embedding", "one_hot"],
    "Axes": ["Dim", "IntVar", "D", "Add", "Mul"],
    "Errors": [
        *("ShapewrightError", "ShapeError", "DTypeError", "IndexOutOfRange", "TraceError", "CompileError"),
        *("DeviceError", "CheckpointError", "OptionError", "NumericError"),
    ],
}
# Groups whose names have a section each: the whole docstring, fields and members.
SECTIONS: dict[str, list[str]] = {
    "Tensors": ["Tensor", "IntTensor", "BoolTensor", "Scalar", "Array", "DType"],
    "Random keys": ["Key"],
    "Packs": ["Pack", "TList", "cons"],
    "Typed calls": ["typed", "example", "install_import_hook"],
    "Trainers": ["ScalarTrainer", "StateTrainer", "batches"],
    "Options": ["Options"],
    "Optimizers and schedules": [
        *("optim.SGD", "optim.Adam", "optim.AdamW", "Optimizer", "OptState"),
        *("optim.warmup_cosine", "optim.step", "optim.one_cycle"),
    ],
    "Functions that are compiled, and derivatives": ["jit", "grad", "value_and_grad", "vjp"],
    "Programs and reports": ["inspect", "Report", "Program", "Kernel", "compile", "record", "Graph"],
    "Parameters": ["ParamList", "Param", "sgd_step", "sgd_step_fused"],
    "Interpreters": ["Ops", "run_with", "EagerOps", "GraphOps", "EagerSession", "LinkedSession"],
}
ORDER = [
    *("Axes", "Tensors", "Making tensors", "Random numbers", "Random keys", "Arithmetic and comparison"),
    *("Elementwise functions", "Activations", "Reductions", "Products", "Normalisation", "Losses", "Shapes"),
    *("Order and parts", "Indexing", "Packs", "Typed calls", "Trainers", "Options", "Optimizers and schedules"),
    *("Functions that are compiled, and derivatives", "Programs and reports", "Parameters", "Interpreters", "Errors"),
]
SAME = {"optim.Optimizer": "Optimizer", "optim.OptState": "OptState"}  # listed under their shorter name
# What has no docstring of its own: an alias, a type variable of the standard library.
WRITTEN = {
    "Scalar": "`Tensor[()]`: a floating tensor without axes, such as a loss.",
    "IntVar": "`typing.TypeVar` under the name that says what it stands for: the size of an axis, in `D[N]`.",
}
RETURNED: dict[str, type[object]] = {"jit": Jitted, "batches": Batches}  # functions whose results have members
# Public for other modules of the library, not for users.
INTERNAL: dict[str, set[str]] = {
    "ParamList": {"matching", "pack", "mirrored", "cells", "spec"},
    "StateTrainer": set(dir(sw.ScalarTrainer)),
    "Param": {"attach", "tell", "mirror", "read", "write", "invalidate", "host", "type"},
    "Program": {"size", "rows", "schedule", "example", "leaves"},
    "Kernel": {"inspect"},
    "Graph": {"scope", "leaf", "constant", "add", "live", "leaves", "symbols"},
    "Optimizer": {"check_state", "kind", "structure", "scalars"},
    "Options": {"storage"},
    "GraphOps": {"assuming", "specialise"},
}
MORE = {  # that methods and properties do not say
    "Tensor": "Operators: `+ - * / **` and `@`, comparisons (`== != < <= > >=`, elementwise), `-x`, `abs(x)`, `x[key]`, "
    "`len(x)`, iteration over axis 0; `float(x)` and `bool(x)` of one element. NumPy functions such as `np.exp(x)`, "
    "`np.sum(x, axis=0)` and `np.linalg.norm(x)` are the operation of the same meaning; one that has none (`np.sort`) gives "
    "an array of values, and is an error while recording.",
    "StateTrainer": "Everything else is as in `ScalarTrainer`.",
}
Function: TypeAlias = Callable[..., Any]


def public_names() -> list[str]:
    """Every name that a user can import, those of submodules with a dot."""
    optim = [f"optim.{n}" for n in vars(sw.optim) if n[0] != "_" and n != "annotations"]
    return [*(n for n in sw.__all__ if n != "optim"), *optim]


def page() -> str:
    """The whole page."""
    parts = [HEAD, "\n".join(f"- [{g}](#{_anchor(g)})" for g in ORDER)]
    for group in ORDER:
        parts.append(f"## {group}")
        if group in TABLES:
            parts.append(_table("call" if group not in ("Axes", "Errors") else "name", TABLES[group]))
        else:
            parts += [part for name in SECTIONS[group] for part in _section(name)]
    return "\n\n".join(parts) + "\n"


HEAD = """# Reference

Every public name, as `import shapewright as sw` has it, with what it is called with and what it does.
The text is that of the docstrings: `help(sw.cross_entropy)` prints all of one, and editors show types and overloads.
An `axis` is an integer, counted from the end if it is negative; that of a reduction may be a tuple, or None for all."""


def value_of(name: str) -> Any:
    value: Any = sw
    for part in name.split("."):
        value = getattr(value, part)
    return value


def is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def doc_of(name: str) -> str:
    """The docstring of a public name; "" where it has none of its own."""
    return WRITTEN.get(name) or _own_doc(value_of(name))


def members(name: str, cls: type[Any]) -> Iterator[tuple[str, str, str]]:
    """Public methods and properties of a class, in the order they are written: name, how it is used, docstring."""
    seen: set[str] = set(INTERNAL.get(name, ()))
    for kind in cls.__mro__:
        if kind.__module__.split(".")[0] != "shapewright":
            continue
        for attribute, raw in cast("Mapping[str, object]", vars(kind)).items():
            if attribute.startswith("_") or attribute in seen:
                continue
            seen.add(attribute)
            if isinstance(raw, _MEMBER):
                yield attribute, _use(attribute, vars(kind)[attribute]), inspect.getdoc(getattr(cls, attribute)) or ""


_MEMBER = (property, staticmethod, classmethod, types.FunctionType)


# ---- signatures
def signature(name: str) -> str:
    """A name with its parameters and their defaults, as a reader wants it."""
    value = value_of(name)
    if is_error(value):
        return f"sw.{name}"
    return f"sw.{name}" + ("" if name in _NO_CALL else _parameters(value))


# Classes that are derived from or made by something else, aliases, and those whose parameters are listed.
_NO_CALL = {
    *("Scalar", "Dim", "Pack", "Array", "DType", "D", "Add", "Mul", "IntVar", "Ops", "Report", "Program", "Kernel"),
    *("Graph", "Param", "ParamList", "OptState", "GraphOps", "EagerOps", "Optimizer", "Options"),
}


def _parameters(f: Function, drop: bool = False) -> str:
    given = list(inspect.signature(f).parameters.values())[1 if drop else 0 :]
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in given]
    return str(inspect.Signature(plain))


def _use(name: str, raw: object) -> str:
    if isinstance(raw, property):
        return f".{name}"
    f = cast("Function", getattr(raw, "__func__", raw))
    return f".{name}{_parameters(f, drop=not isinstance(raw, staticmethod))}"


# ---- docstrings
def _own_doc(value: object) -> str:
    doc = getattr(value, "__doc__", None)
    generated = isinstance(value, type) and str(doc).startswith(f"{value.__name__}(")  # by @dataclass
    return "" if doc is None or generated else inspect.cleandoc(doc)


def summary(doc: str) -> str:
    """The first paragraph of a docstring."""
    return " ".join(doc.split("\n\n")[0].split())


def described(paragraph: str) -> dict[str, str]:
    """What the lines of a paragraph say if they are `name: meaning`, with the lines that go on; {} of another one."""
    found: dict[str, str] = {}
    for line in paragraph.splitlines():
        start = re.match(r"([a-z_]+): (.*)", line)
        if start:
            found[start[1]] = start[2]
        elif found:
            found[next(reversed(found))] += " " + line.strip()
        else:
            return {}
    return found


def _prose(text: str) -> str:
    """A docstring's text as Markdown: what is no code in it has no meaning there."""
    spans = re.split(r"(`[^`]*`)", text)
    return "".join(s if s.startswith("`") else re.sub(r"([*<])", r"\\\1", s) for s in spans)


def _paragraph(text: str) -> str:
    """A paragraph of a docstring; errors and arguments as lists."""
    title, _, rest = text.partition("\n")
    if title == "Args:":
        return _paragraph(inspect.cleandoc(rest))
    if title == "Raises:":
        entries = re.split(r"(?<=\.) (?=[A-Z]\w+(?:, \w+)*: )", " ".join(rest.split()))
        return "\n".join([title, "", *(f"- {_prose(e)}" for e in entries)])
    if text.startswith("    "):
        return f"```python\n{textwrap.dedent(text)}\n```"
    if lines := described(text):
        return "\n".join(f"- `{k}`: {_prose(v)}" for k, v in lines.items())
    return _prose(" ".join(text.split()))


# ---- parts of the page
def _anchor(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")


def _cells(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _table(title: str, names: list[str]) -> str:
    rows = [_cells(f"`{signature(n)}`", _prose(_first(n))) for n in names]
    return "\n".join([f"| {title} | |", "|---|---|", *rows])


def _first(name: str) -> str:
    """The first sentence about a name; of an error also the built-in ones that it is."""
    value = value_of(name)
    if not is_error(value):
        return summary(doc_of(name))
    bases = [b.__name__ for b in (TypeError, ValueError, IndexError) if issubclass(value, b)]
    return summary(doc_of(name)) + "".join(f" `except {b}` catches it too." for b in bases)


def _section(name: str) -> Iterator[str]:
    value = value_of(name)
    yield f"### `{signature(name)}`"
    doc = doc_of(name)
    yield from (_options(p) if name == "Options" and described(p) else _paragraph(p) for p in doc.split("\n\n"))
    if name in _NO_CALL and dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value) if f.name not in INTERNAL.get(name, ())]
        yield f"Fields: {', '.join(f'`{n}`' for n in names)}."
    kind: Any = RETURNED.get(name, value)
    if name in ("IntTensor", "BoolTensor", "Array"):
        yield f"Methods and properties: {', '.join(f'`{n}`' for n, _, _ in members(name, kind))}."
    elif isinstance(kind, type) and name not in ("DType", "OptState") and not name.startswith("optim."):
        rows = [_cells(f"`{use}`", _prose(summary(text))) for _, use, text in members(name, kind)]
        if rows:
            yield "\n".join(["| of it | |", "|---|---|", *rows])
    if name in MORE:
        yield MORE[name]


def _options(paragraph: str) -> str:
    """The fields of `Options`, with default, values and meaning."""
    meanings, hints = described(paragraph), get_type_hints(sw.Options)
    rows = [
        _cells(f"`{f.name}`", f"`{f.default!r}`", _values(hints[f.name]), _prose(meanings[f.name]))
        for f in dataclasses.fields(sw.Options)
    ]
    return "\n".join(["| field | default | values | |", "|---|---|---|---|", *rows])


def _values(hint: object) -> str:
    """The values of a `Literal`, or the type."""
    if isinstance(hint, type):
        return f"`{hint.__name__}`"
    found = [a for h in get_args(hint) for a in (get_args(h) or (h,))]
    return ", ".join("`None`" if a is type(None) else f"`{a!r}`" for a in found)
