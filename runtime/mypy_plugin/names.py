"""The full names of what the plugin looks at."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["Tensor", "IntTensor", "BoolTensor"]
LANGUAGE = "shapewright.dsl."
DIM, ADD, MUL = (f"{LANGUAGE}dims.{n}" for n in ("Dim", "Add", "Mul"))
LIBRARY = frozenset(["shapewright", "builtins", "typing", "typing_extensions", "numpy", "collections", "abc"])
SIZE = "__shapewright_size"  # a name in a Dim class, of type Literal[n]: mypy keeps it, and sees when it changes
KINDS: dict[str, Kind] = {
    "shapewright.dsl.tensor.Tensor": "Tensor",
    "shapewright.dsl.discrete.IntTensor": "IntTensor",
    "shapewright.dsl.discrete.BoolTensor": "BoolTensor",
}
CLASSES: dict[Kind, str] = {kind: name for name, kind in KINDS.items()}

# Where the result is a shape that the call writes down in numbers, an axis of it is no axis of the operand.
_CREATION = ["zeros", "ones", "full", "eye", "arange", "linspace"]
WRITTEN = frozenset(["reshape", "broadcast_to", *_CREATION])
_SHAPES = "reshape flatten squeeze unsqueeze broadcast_to transpose permute repeat"
_JOINING = "concat stack split slice pad"
# Where an axis of size 1 is a new one, or what is left of another.
ONES = frozenset(["unsqueeze", "sum", "mean", "max", "min", "logsumexp", "norm", "std", "var"])
_ARITHMETIC = "add sub mul div maximum minimum pow equal not_equal less less_equal greater greater_equal"
_REDUCTIONS = "sum mean max min argmax argmin logsumexp norm std var any all"
FUNCTIONS = frozenset(
    [f"shapewright.dsl.shapes.{n}" for n in _SHAPES.split()]
    + [f"shapewright.dsl.joining.{n}" for n in _JOINING.split()]
    + [f"shapewright.dsl.creation.{n}" for n in _CREATION]
    + [f"shapewright.dsl.reductions.{n}" for n in _REDUCTIONS.split()]
    + ["shapewright.dsl.einsum.einsum", "shapewright.dsl.lookup.index"]
)
MATMUL = "shapewright.dsl.nn.matmul"
_LOSSES = "mse_loss l1_loss huber_loss cross_entropy nll_loss bce_with_logits bce_loss kl_div"
_LAYERS = "linear dot layer_norm rms_norm scaled_dot_product_attention"
BROADCASTING = frozenset(  # no signature knows all that fits
    [f"shapewright.dsl.arithmetic.{n}" for n in _ARITHMETIC.split()] + [MATMUL, "shapewright.dsl.functions.where"]
)
LINKED = BROADCASTING.union(  # their signatures let operands share axes
    [f"shapewright.dsl.nn.{n}" for n in _LAYERS.split()] + [f"shapewright.dsl.losses.{n}" for n in _LOSSES.split()]
)
OPERATORS = frozenset(
    f"__{n}__" for n in ["add", "sub", "mul", "truediv", "pow", "matmul", "lt", "le", "gt", "ge", "and", "or", "xor"]
)
# Where two sizes that clash would have to be equal, or one of them 1.
EQUAL = frozenset(["concat", "stack", "einsum", "broadcast_to", *OPERATORS, *(n.rpartition(".")[2] for n in LINKED)])
METHODS = frozenset(
    [
        "reshape",
        "flatten",
        "transpose",
        "squeeze",
        "unsqueeze",
        "broadcast_to",
        "__getitem__",
        "sum",
        "mean",
        "max",
        "min",
        "argmax",
        "any",
        "all",
    ]
)
_ELEMENTWISE = (
    "abs ceil clip cos elu erf exp expm1 floor gelu leaky_relu log log1p log_sigmoid neg reciprocal relu round rsqrt "
    "sigmoid sign silu sin softplus sqrt square stop_gradient tanh"
)
SAME_SHAPE = frozenset(
    [f"shapewright.dsl.functions.{n}" for n in _ELEMENTWISE.split()]
    + [f"shapewright.dsl.nn.{n}" for n in ("softmax", "log_softmax", "layer_norm", "rms_norm")]
    + [f"shapewright.dsl.shapes.{n}" for n in ("flip", "roll", "tril", "triu")]
    + ["shapewright.dsl.creation.dropout"]
)
