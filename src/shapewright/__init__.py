"""shapewright: tensors with typed axes, and training programs compiled from one loss.

`import shapewright as sw`. The language is loaded at once; what runs programs (trainers, compiler, kernels) when first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Literal

from .compiler.errors import CheckpointError as CheckpointError
from .compiler.errors import CompileError as CompileError
from .compiler.errors import DeviceError as DeviceError
from .compiler.errors import DTypeError as DTypeError
from .compiler.errors import IndexOutOfRange as IndexOutOfRange
from .compiler.errors import NumericError as NumericError
from .compiler.errors import OptionError as OptionError
from .compiler.errors import ShapeError as ShapeError
from .compiler.errors import ShapewrightError as ShapewrightError
from .compiler.errors import TraceError as TraceError
from .compiler.types import DType as DType
from .dsl.arithmetic import add as add
from .dsl.arithmetic import div as div
from .dsl.arithmetic import equal as equal
from .dsl.arithmetic import greater as greater
from .dsl.arithmetic import greater_equal as greater_equal
from .dsl.arithmetic import less as less
from .dsl.arithmetic import less_equal as less_equal
from .dsl.arithmetic import logical_and as logical_and
from .dsl.arithmetic import logical_not as logical_not
from .dsl.arithmetic import logical_or as logical_or
from .dsl.arithmetic import logical_xor as logical_xor
from .dsl.arithmetic import maximum as maximum
from .dsl.arithmetic import minimum as minimum
from .dsl.arithmetic import mul as mul
from .dsl.arithmetic import not_equal as not_equal
from .dsl.arithmetic import pow as pow
from .dsl.arithmetic import sub as sub
from .dsl.creation import arange as arange
from .dsl.creation import bernoulli as bernoulli
from .dsl.creation import dropout as dropout
from .dsl.creation import eye as eye
from .dsl.creation import full as full
from .dsl.creation import full_like as full_like
from .dsl.creation import linspace as linspace
from .dsl.creation import normal as normal
from .dsl.creation import ones as ones
from .dsl.creation import ones_like as ones_like
from .dsl.creation import randint as randint
from .dsl.creation import uniform as uniform
from .dsl.creation import zeros as zeros
from .dsl.creation import zeros_like as zeros_like
from .dsl.dims import Add as Add
from .dsl.dims import D as D
from .dsl.dims import Dim as Dim
from .dsl.dims import IntVar as IntVar
from .dsl.dims import Mul as Mul
from .dsl.example import example as example
from .dsl.functions import abs as abs
from .dsl.functions import cast_to as cast
from .dsl.functions import ceil as ceil
from .dsl.functions import clip as clip
from .dsl.functions import cos as cos
from .dsl.functions import elu as elu
from .dsl.functions import erf as erf
from .dsl.functions import exp as exp
from .dsl.functions import expm1 as expm1
from .dsl.functions import floor as floor
from .dsl.functions import gelu as gelu
from .dsl.functions import isfinite as isfinite
from .dsl.functions import isnan as isnan
from .dsl.functions import leaky_relu as leaky_relu
from .dsl.functions import log as log
from .dsl.functions import log1p as log1p
from .dsl.functions import log_sigmoid as log_sigmoid
from .dsl.functions import neg as neg
from .dsl.functions import reciprocal as reciprocal
from .dsl.functions import relu as relu
from .dsl.functions import round as round
from .dsl.functions import rsqrt as rsqrt
from .dsl.functions import sigmoid as sigmoid
from .dsl.functions import sign as sign
from .dsl.functions import silu as silu
from .dsl.functions import sin as sin
from .dsl.functions import softplus as softplus
from .dsl.functions import sqrt as sqrt
from .dsl.functions import square as square
from .dsl.functions import stop_gradient as stop_gradient
from .dsl.functions import tanh as tanh
from .dsl.functions import where as where
from .dsl.interpreters import Ops as Ops
from .dsl.interpreters import set_eager_loader as _set_eager_loader
from .dsl.key import Key as Key
from .dsl.lookup import embedding as embedding
from .dsl.lookup import gather as gather
from .dsl.lookup import index as index
from .dsl.lookup import one_hot as one_hot
from .dsl.lookup import scatter_add as scatter_add
from .dsl.lookup import take as take
from .dsl.lookup import take_along_axis as take_along_axis
from .dsl.losses import bce_loss as bce_loss
from .dsl.losses import bce_with_logits as bce_with_logits
from .dsl.losses import cross_entropy as cross_entropy
from .dsl.losses import huber_loss as huber_loss
from .dsl.losses import kl_div as kl_div
from .dsl.losses import l1_loss as l1_loss
from .dsl.losses import mse_loss as mse_loss
from .dsl.losses import nll_loss as nll_loss
from .dsl.nn import batch_norm as batch_norm
from .dsl.nn import dot as dot
from .dsl.nn import group_norm as group_norm
from .dsl.nn import instance_norm as instance_norm
from .dsl.nn import layer_norm as layer_norm
from .dsl.nn import linear as linear
from .dsl.nn import log_softmax as log_softmax
from .dsl.nn import matmul as matmul
from .dsl.nn import outer as outer
from .dsl.nn import rms_norm as rms_norm
from .dsl.nn import scaled_dot_product_attention as scaled_dot_product_attention
from .dsl.nn import softmax as softmax
from .dsl.pack import Pack as Pack
from .dsl.pack import TList as TList
from .dsl.pack import cons as cons
from .dsl.record import GraphOps as GraphOps
from .dsl.record import record_graph as record
from .dsl.record import run_with as run_with
from .dsl.reductions import all as all
from .dsl.reductions import any as any
from .dsl.reductions import argmax as argmax
from .dsl.reductions import argmin as argmin
from .dsl.reductions import logsumexp as logsumexp
from .dsl.reductions import max as max
from .dsl.reductions import mean as mean
from .dsl.reductions import min as min
from .dsl.reductions import norm as norm
from .dsl.reductions import std as std
from .dsl.reductions import sum as sum
from .dsl.reductions import var as var
from .dsl.shapes import flip as flip
from .dsl.shapes import permute as permute
from .dsl.shapes import roll as roll
from .dsl.shapes import transpose as transpose
from .dsl.shapes import tril as tril
from .dsl.shapes import triu as triu
from .dsl.tensor import Array as Array
from .dsl.tensor import BoolTensor as BoolTensor
from .dsl.tensor import IntTensor as IntTensor
from .dsl.tensor import Scalar as Scalar
from .dsl.tensor import Tensor as Tensor
from .dsl.typed import typed as typed

# Pyrefly takes the first of these for True: what only it reads is in dsl/pyrefly, which says why the second is needed.
TYPE_CHECKING_WITH_PYREFLY: Literal[False] = False
MYPY = False
if TYPE_CHECKING_WITH_PYREFLY:
    if not MYPY:
        from .dsl.pyrefly.cutting import slice as slice
        from .dsl.pyrefly.cutting import split as split
        from .dsl.pyrefly.filling import broadcast_to as broadcast_to
        from .dsl.pyrefly.filling import einsum as einsum
        from .dsl.pyrefly.filling import pad as pad
        from .dsl.pyrefly.filling import repeat as repeat
        from .dsl.pyrefly.joining import concat as concat
        from .dsl.pyrefly.joining import stack as stack
        from .dsl.pyrefly.shapes import flatten as flatten
        from .dsl.pyrefly.shapes import reshape as reshape
        from .dsl.pyrefly.shapes import squeeze as squeeze
        from .dsl.pyrefly.shapes import unsqueeze as unsqueeze
else:
    from .dsl.einsum import einsum as einsum
    from .dsl.joining import concat as concat
    from .dsl.joining import pad as pad
    from .dsl.joining import slice as slice
    from .dsl.joining import split as split
    from .dsl.joining import stack as stack
    from .dsl.shapes import broadcast_to as broadcast_to
    from .dsl.shapes import flatten as flatten
    from .dsl.shapes import repeat as repeat
    from .dsl.shapes import reshape as reshape
    from .dsl.shapes import squeeze as squeeze
    from .dsl.shapes import unsqueeze as unsqueeze

if TYPE_CHECKING:
    from . import optim as optim
    from .compiler.ir.graph import Graph as Graph
    from .compiler.program import Kernel as Kernel
    from .compiler.program import Program as Program
    from .dsl.import_hook import install_import_hook as install_import_hook
    from .runtime.data import batches as batches
    from .runtime.eager import EagerOps as EagerOps
    from .runtime.eager import EagerSession as EagerSession
    from .runtime.jit import jit as jit
    from .runtime.linked import LinkedSession as LinkedSession
    from .runtime.lower import compile as compile
    from .runtime.optim import Optimizer as Optimizer
    from .runtime.optim import OptState as OptState
    from .runtime.options import Options as Options
    from .runtime.params import Param as Param
    from .runtime.params import ParamList as ParamList
    from .runtime.params import sgd_step as sgd_step
    from .runtime.params import sgd_step_fused as sgd_step_fused
    from .runtime.report import Report as Report
    from .runtime.report import inspect as inspect
    from .runtime.state_trainer import StateTrainer as StateTrainer
    from .runtime.trainer import ScalarTrainer as ScalarTrainer
    from .runtime.transforms import grad as grad
    from .runtime.transforms import value_and_grad as value_and_grad
    from .runtime.transforms import vjp as vjp

# Loaded when first used: name -> module, or module:name there.
_LAZY = {
    "compile": "runtime.lower",
    "Graph": "compiler.ir.graph",
    "Kernel": "compiler.program",
    "Program": "compiler.program",
    "install_import_hook": "dsl.import_hook",
    "batches": "runtime.data",
    "EagerOps": "runtime.eager",
    "EagerSession": "runtime.eager",
    "jit": "runtime.jit",
    "LinkedSession": "runtime.linked",
    "OptState": "runtime.optim",
    "Optimizer": "runtime.optim",
    "Options": "runtime.options",
    "Param": "runtime.params",
    "ParamList": "runtime.params",
    "sgd_step": "runtime.params",
    "sgd_step_fused": "runtime.params",
    "Report": "runtime.report",
    "inspect": "runtime.report",
    "StateTrainer": "runtime.state_trainer",
    "ScalarTrainer": "runtime.trainer",
    "grad": "runtime.transforms",
    "value_and_grad": "runtime.transforms",
    "vjp": "runtime.transforms",
}


def __getattr__(name: str) -> object:
    if name == "optim":
        return importlib.import_module(".optim", __name__)
    module = _LAZY.get(name)
    if module is None:
        from .dsl.elsewhere import no_attribute, note

        error = no_attribute(sys.modules[__name__], name)
        note(error)
        raise error
    path, _, inner = module.partition(":")
    value: object = getattr(importlib.import_module(f".{path}", __name__), inner or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "optim", *(name for name in globals() if name.startswith("__"))])


def _eager() -> EagerOps:
    from .runtime.eager import EagerOps

    return EagerOps()


_set_eager_loader(_eager)

__all__ = [
    "Add",
    "Array",
    "BoolTensor",
    "CheckpointError",
    "CompileError",
    "D",
    "DType",
    "DTypeError",
    "DeviceError",
    "Dim",
    "EagerOps",
    "EagerSession",
    "Graph",
    "GraphOps",
    "IndexOutOfRange",
    "IntTensor",
    "IntVar",
    "Kernel",
    "Key",
    "LinkedSession",
    "Mul",
    "NumericError",
    "Ops",
    "OptState",
    "Optimizer",
    "OptionError",
    "Options",
    "Pack",
    "Param",
    "ParamList",
    "Program",
    "Report",
    "Scalar",
    "ScalarTrainer",
    "ShapeError",
    "ShapewrightError",
    "StateTrainer",
    "TList",
    "Tensor",
    "TraceError",
    "abs",
    "add",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "batch_norm",
    "batches",
    "bce_loss",
    "bce_with_logits",
    "bernoulli",
    "broadcast_to",
    "cast",
    "ceil",
    "clip",
    "compile",
    "concat",
    "cons",
    "cos",
    "cross_entropy",
    "div",
    "dot",
    "dropout",
    "einsum",
    "elu",
    "embedding",
    "equal",
    "erf",
    "example",
    "exp",
    "expm1",
    "eye",
    "flatten",
    "flip",
    "floor",
    "full",
    "full_like",
    "gather",
    "gelu",
    "grad",
    "greater",
    "greater_equal",
    "group_norm",
    "huber_loss",
    "index",
    "inspect",
    "install_import_hook",
    "instance_norm",
    "isfinite",
    "isnan",
    "jit",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "less",
    "less_equal",
    "linear",
    "linspace",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mse_loss",
    "mul",
    "neg",
    "nll_loss",
    "norm",
    "normal",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "optim",
    "outer",
    "pad",
    "permute",
    "pow",
    "randint",
    "reciprocal",
    "record",
    "relu",
    "repeat",
    "reshape",
    "rms_norm",
    "roll",
    "round",
    "rsqrt",
    "run_with",
    "scaled_dot_product_attention",
    "scatter_add",
    "sgd_step",
    "sgd_step_fused",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "slice",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sub",
    "sum",
    "take",
    "take_along_axis",
    "tanh",
    "transpose",
    "tril",
    "triu",
    "typed",
    "uniform",
    "unsqueeze",
    "value_and_grad",
    "var",
    "vjp",
    "where",
    "zeros",
    "zeros_like",
]
