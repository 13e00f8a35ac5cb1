"""What people who come from PyTorch, JAX and NumPy write, and what it is called here: help for names that do not exist."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Final

from ..compiler.loc import frame_loc
from .array import is_array
from .blame import node_at

METHODS: Final[Mapping[str, str]] = {
    "abs": "sw.abs(tensor)",
    "add_": "tensor = tensor + ...; tensors do not change",
    "all": "sw.all(tensor)",
    "any": "sw.any(tensor)",
    "argsort": ".numpy() outside of a loss; there is no sorting",
    "at": "sw.where(...) or sw.scatter_add(...); tensors do not change",
    "backward": "trainer.backward(...), sw.grad(loss) or sw.value_and_grad(loss)",
    "bool": ".astype(bool), or a comparison such as tensor > 0",
    "bmm": "the operator @, which takes batches",
    "chunk": "sw.split(tensor, size, axis=...), which takes the size of a piece, not their number",
    "clamp": "sw.clip(tensor, low, high)",
    "clamp_": "tensor = sw.clip(tensor, low, high); tensors do not change",
    "clip": "sw.clip(tensor, low, high)",
    "clone": "the tensor itself; tensors do not change",
    "contiguous": "the tensor itself; a layout is the compiler's matter",
    "copy": "the tensor itself; tensors do not change",
    "cos": "sw.cos(tensor)",
    "cpu": "the tensor itself, or .numpy() for its values",
    "cuda": 'sw.Options(device="cuda") for the trainer, which moves what it needs',
    "detach": "sw.stop_gradient(tensor)",
    "dim": ".ndim",
    "dot": "the operator @",
    "double": '.astype("float64")',
    "exp": "sw.exp(tensor)",
    "expand": ".broadcast_to(...)",
    "expand_as": ".broadcast_to(other.shape)",
    "flip": "sw.flip(tensor, axis=...)",
    "float": '.astype("float32")',
    "gather": "sw.take_along_axis(tensor, index, axis=...)",
    "grad": "trainer.backward(...), sw.grad(loss) or sw.value_and_grad(loss), which return gradients",
    "half": 'sw.Options(dtype="float16") for the trainer',
    "int": '.astype("int64")',
    "log": "sw.log(tensor)",
    "log_softmax": "sw.log_softmax(tensor, axis=...)",
    "long": '.astype("int64")',
    "masked_fill": "sw.where(mask, value, tensor)",
    "masked_fill_": "tensor = sw.where(mask, value, tensor); tensors do not change",
    "matmul": "the operator @",
    "mm": "the operator @",
    "mul_": "tensor = tensor * ...; tensors do not change",
    "new_zeros": "sw.zeros(...)",
    "norm": "sw.norm(tensor)",
    "numel": ".size",
    "permute": ".transpose(...) with all axes in their new order",
    "pow": "the operator **",
    "ravel": ".flatten()",
    "relu": "sw.relu(tensor)",
    "repeat": "sw.repeat(tensor, ...)",
    "requires_grad": "no flag: the first argument of a loss is what is differentiated",
    "requires_grad_": "no flag: the first argument of a loss is what is differentiated",
    "round": "sw.round(tensor)",
    "scatter_add": "sw.scatter_add(...)",
    "sigmoid": "sw.sigmoid(tensor)",
    "sin": "sw.sin(tensor)",
    "softmax": "sw.softmax(tensor, axis=...)",
    "split": "sw.split(tensor, size, axis=...)",
    "sqrt": "sw.sqrt(tensor)",
    "square": "sw.square(tensor)",
    "std": "sw.std(tensor)",
    "sub_": "tensor = tensor - ...; tensors do not change",
    "swapaxes": ".transpose(...) with all axes in their new order, or .mT for the last two",
    "t": ".T",
    "tanh": "sw.tanh(tensor)",
    "type": ".astype(...)",
    "var": "sw.var(tensor)",
    "view": ".reshape(...)",
    "view_as": ".reshape(other.shape)",
    "zero_": "sw.zeros_like(tensor); tensors do not change",
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
    "bmm": "the operator @, which takes batches",
    "cat": "sw.concat",
    "chunk": "sw.split, which takes the size of a piece, not their number",
    "clamp": "sw.clip",
    "concatenate": "sw.concat",
    "detach": "sw.stop_gradient",
    "divide": "sw.div",
    "expand_dims": "sw.unsqueeze",
    "from_numpy": "sw.Tensor[...](values)",
    "functional": "the functions of sw itself: sw.relu, sw.softmax, ...",
    "index_add": "sw.scatter_add",
    "manual_seed": "sw.Options(seed=...) for a trainer, or key=... for a function that draws",
    "mm": "the operator @",
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
    """The error of `of.name`."""
    kind = f"module {of.__name__!r}" if isinstance(of, ModuleType) else f"{type(of).__name__!r} object"
    return AttributeError(f"{kind} has no attribute {name!r}", name=name, obj=of)


def note(error: AttributeError | TypeError) -> None:
    """Add what to write to an error of a name that people know from elsewhere."""
    help_ = None if hasattr(error, "__notes__") else meant(error)  # noted in an inner call
    if help_ is not None:
        error.add_note(f"help: {help_}")


def meant(error: BaseException) -> str | None:
    """What to write instead of the attribute of a tensor or of this package that does not exist, or of the keyword."""
    if isinstance(error, AttributeError):
        name, found = str(error.name), None
        if error.obj is sys.modules.get(_PACKAGE):
            found = FUNCTIONS.get(name)
        elif is_array(error.obj):
            found = METHODS.get(name) or _converted(name)
        return f"write {found}" if found is not None else None
    if isinstance(error, TypeError) and str(error).endswith("object is not callable"):
        return _size_called(error)
    match = _UNEXPECTED.search(str(error)) if isinstance(error, TypeError) else None
    function = _function(match[1]) if match is not None else None
    if match is None or function is None:
        return None
    return keyword(match[2], inspect.signature(function).parameters)


def _size_called(error: TypeError) -> str | None:
    """For `x.size(0)`: `size` is a number here."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    node = None if tb is None else node_at(frame_loc(tb.tb_frame))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "size":
        return None
    if not re.match(r"'(int|Poly)' object", str(error)):
        return None
    axes = "..." if len(node.args) != 1 or node.keywords else ast.unparse(node.args[0])
    text = ast.unparse(node.func.value)
    sizes = f"{text}.shape" if not node.args and not node.keywords else f"{text}.shape[{axes}]"
    return f"{text}.size is the number of elements: write {sizes}"


def _converted(name: str) -> str | None:
    """For an attribute that integer or floating tensors have: the conversion to those."""
    for kind, dtype in (("IntTensor", "int64"), ("Tensor", "float32")):
        found = getattr(getattr(sys.modules.get(_PACKAGE), kind, None), name, None)
        if found is not None:
            return f'.astype("{dtype}").{name}' + ("(...)" if callable(found) else "")
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
