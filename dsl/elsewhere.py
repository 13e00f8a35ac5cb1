"""What people who come from PyTorch, JAX and NumPy write, and what it is called here: help for names that do not exist."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Final

METHODS: Final[Mapping[str, str]] = {
    "abs": "sw.abs(x)",
    "add_": "x = x + ...; tensors do not change",
    "all": "sw.all(x)",
    "any": "sw.any(x)",
    "argsort": "x.numpy() outside of a loss; there is no sorting",
    "at": "sw.where(...) or sw.scatter_add(...); tensors do not change",
    "backward": "trainer.backward(x, y), sw.grad(loss) or sw.value_and_grad(loss)",
    "bool": "x.astype(bool), or a comparison such as x > 0",
    "bmm": "x @ y, which takes batches",
    "chunk": "sw.split(x, parts, axis=...)",
    "clamp": "sw.clip(x, low, high)",
    "clamp_": "x = sw.clip(x, low, high); tensors do not change",
    "clip": "sw.clip(x, low, high)",
    "clone": "x itself; tensors do not change",
    "contiguous": "x itself; a layout is the compiler's matter",
    "copy": "x itself; tensors do not change",
    "cos": "sw.cos(x)",
    "cpu": "x itself, or x.numpy() for its values",
    "cuda": 'sw.Options(device="cuda") for the trainer, which moves what it needs',
    "detach": "sw.stop_gradient(x)",
    "dim": "x.ndim",
    "dot": "x @ y",
    "double": 'x.astype("float64")',
    "exp": "sw.exp(x)",
    "expand": "x.broadcast_to(...)",
    "expand_as": "x.broadcast_to(y.shape)",
    "flip": "sw.flip(x, axis=...)",
    "float": 'x.astype("float32")',
    "gather": "sw.take_along_axis(x, index, axis=...)",
    "grad": "trainer.backward(x, y), sw.grad(loss) or sw.value_and_grad(loss), which return gradients",
    "half": 'sw.Options(dtype="float16") for the trainer',
    "int": 'x.astype("int64")',
    "log": "sw.log(x)",
    "log_softmax": "sw.log_softmax(x, axis=...)",
    "long": 'x.astype("int64")',
    "masked_fill": "sw.where(mask, value, x)",
    "masked_fill_": "x = sw.where(mask, value, x); tensors do not change",
    "matmul": "x @ y",
    "mm": "x @ y",
    "mul_": "x = x * ...; tensors do not change",
    "new_zeros": "sw.zeros(...)",
    "norm": "sw.norm(x)",
    "numel": "x.size",
    "permute": "x.transpose(...) with all axes in their new order",
    "pow": "x ** y",
    "ravel": "x.flatten()",
    "relu": "sw.relu(x)",
    "repeat": "sw.repeat(x, ...)",
    "requires_grad": "no flag: the first argument of a loss is what is differentiated",
    "requires_grad_": "no flag: the first argument of a loss is what is differentiated",
    "round": "sw.round(x)",
    "scatter_add": "sw.scatter_add(...)",
    "sigmoid": "sw.sigmoid(x)",
    "sin": "sw.sin(x)",
    "softmax": "sw.softmax(x, axis=...)",
    "split": "sw.split(x, parts, axis=...)",
    "sqrt": "sw.sqrt(x)",
    "square": "sw.square(x)",
    "std": "sw.std(x)",
    "sub_": "x = x - ...; tensors do not change",
    "swapaxes": "x.transpose(...) with all axes in their new order, or x.mT for the last two",
    "t": "x.T",
    "tanh": "sw.tanh(x)",
    "type": "x.astype(...)",
    "var": "sw.var(x)",
    "view": "x.reshape(...)",
    "view_as": "x.reshape(y.shape)",
    "zero_": "sw.zeros_like(x); tensors do not change",
}
"""Attributes of tensors elsewhere -> what to write here."""

FUNCTIONS: Final[Mapping[str, str]] = {
    "absolute": "sw.abs",
    "asarray": "sw.Tensor[...](values)",
    "amax": "sw.max",
    "amin": "sw.min",
    "array": "sw.Tensor[...](values)",
    "as_tensor": "sw.Tensor[...](values)",
    "binary_cross_entropy": "sw.bce_loss",
    "binary_cross_entropy_with_logits": "sw.bce_with_logits",
    "bmm": "x @ y, which takes batches",
    "cat": "sw.concat",
    "chunk": "sw.split",
    "clamp": "sw.clip",
    "concatenate": "sw.concat",
    "detach": "sw.stop_gradient",
    "divide": "sw.div",
    "expand_dims": "sw.unsqueeze",
    "from_numpy": "sw.Tensor[...](values)",
    "functional": "the functions of sw itself: sw.relu, sw.softmax, ...",
    "index_add": "sw.scatter_add",
    "manual_seed": "sw.Options(seed=...) for a trainer, or key=... for a function that draws",
    "mm": "x @ y",
    "mse": "sw.mse_loss",
    "multiply": "sw.mul",
    "nn": "a sw.Pack of parameters, and the functions of sw itself: sw.linear, sw.layer_norm, ...",
    "no_grad": "nothing: only a trainer, sw.grad and sw.vjp differentiate",
    "numpy": "sw itself: sw.exp, sw.sum, ...",
    "rand": "sw.uniform",
    "randn": "sw.normal",
    "random": "sw.normal, sw.uniform, sw.randint, sw.bernoulli with key=...",
    "sigmoid_cross_entropy": "sw.bce_with_logits",
    "smooth_l1_loss": "sw.huber_loss",
    "subtract": "sw.sub",
    "swapaxes": "sw.transpose with all axes in their new order",
    "tensor": "sw.Tensor[...](values)",
    "tile": "sw.repeat",
    "vmap": "batch axes: every operation takes leading axes, and `*Bs` names any number of them",
}
"""Functions of other libraries' modules -> what to write here."""

KEYWORDS: Final[Mapping[str, str]] = {"dim": "axis", "dims": "axis", "keepdim": "keepdims", "training": "train"}
"""Keywords elsewhere -> what the parameter is called here."""

_PACKAGE: Final = __name__.partition(".")[0]
_UNEXPECTED: Final = re.compile(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'")


def no_attribute(of: object, name: str) -> AttributeError:
    """The error of `of.name`; a note says what to write, if people know the name from elsewhere."""
    if name[:2] == "__":  # NumPy asks for `__array_struct__`, in every conversion
        return AttributeError(name)
    kind = f"module {of.__name__!r}" if isinstance(of, ModuleType) else f"{type(of).__name__!r} object"
    error = AttributeError(f"{kind} has no attribute {name!r}", name=name, obj=of)
    _note(error)
    return error


def note_keyword(error: TypeError) -> None:
    """Add what to write to an error of a keyword that people know from elsewhere."""
    if not hasattr(error, "__notes__"):  # of an inner call
        _note(error)


def _note(error: Exception) -> None:
    help_ = meant(error)
    if help_ is not None:
        error.add_note(f"help: {help_}")


def meant(error: BaseException) -> str | None:
    """What to write instead of the attribute of a tensor or of this package that does not exist, or of the keyword."""
    if isinstance(error, AttributeError):
        name = str(error.name)
        found = (
            FUNCTIONS.get(name)
            if isinstance(error.obj, ModuleType)
            else METHODS.get(name) or _converted(error.obj, name)
        )
        return f"write {found}" if found is not None else None
    match = _UNEXPECTED.search(str(error)) if isinstance(error, TypeError) else None
    function = _function(match[1]) if match is not None else None
    if match is None or function is None:
        return None
    return keyword(match[2], inspect.signature(function).parameters)


def _converted(of: object, name: str) -> str | None:
    """For an attribute that integer or floating tensors have: the conversion to those."""
    for kind, dtype in (("IntTensor", "int64"), ("Tensor", "float32")):
        found = getattr(getattr(sys.modules.get(_PACKAGE), kind, None), name, None)
        if found is not None and not isinstance(of, type):
            return f'x.astype("{dtype}").{name}' + ("(...)" if callable(found) else "")
    return None


def keyword(name: str, parameters: Iterable[str]) -> str | None:
    """What to write instead of a keyword, of a function with these parameters."""
    ours = KEYWORDS.get(name)
    return f"write {ours}= for {name}=" if ours is not None and ours in parameters else None


def _function(name: str) -> Callable[..., object] | None:
    """The function of this package that Python calls `softmax` or `Tensor.sum`."""
    found: object = sys.modules.get(_PACKAGE)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, FunctionType) else None
