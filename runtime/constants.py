"""The keyword-only parameters of a function that is compiled: constants of its programs, one program for each value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import MethodType
from typing import Any, TypeAlias, final

import numpy as np

from ..compiler.errors import DTypeError, ShapeError
from ..compiler.loc import user_loc
from ..dsl.array import Array
from ..dsl.pack import Pack
from ..dsl.repairs import closest

Function: TypeAlias = Callable[..., Any]
Key: TypeAlias = tuple[object, ...]
_EMPTY = inspect.Parameter.empty


@final
class ConstantsOf:
    """The keyword-only parameters of a loss, in its order, with the defaults of those that have one."""

    def __init__(self, loss: Function, name: str) -> None:
        self._name = name
        try:
            self._signature = inspect.signature(loss)
        except (TypeError, ValueError):  # a builtin that tells none
            self._signature = inspect.Signature()
        parameters = self._signature.parameters.values()
        self._defaults: dict[str, object] = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def key(self, given: Mapping[str, object]) -> Key:
        """What tells the programs of these constants from those of others; () for those of the defaults.

        Raises:
            ShapeError: a name that is no keyword-only parameter. DTypeError: a tensor, a pack or an unhashable value.
        """
        for name, value in given.items():
            if name not in self._defaults:
                raise self._unknown(name)
            check_constant(self._name, name, value)
        return tuple([(k, type(v), v) for k, v in self.of(given).items() if k in given and not self._is_default(k, v)])

    def of(self, given: Mapping[str, object]) -> dict[str, object]:
        """All constants by name: those that are given, and the defaults of others."""
        return {k: given.get(k, v) for k, v in self._defaults.items() if k in given or v is not _EMPTY}

    def _is_default(self, name: str, value: object) -> bool:
        default = self._defaults[name]
        return type(value) is type(default) and value == default

    def _unknown(self, name: str) -> ShapeError:
        """A keyword argument that is no constant of the loss."""
        text = f"{self._name}({', '.join(map(_shown, self._signature.parameters.values()))})"
        if name in self._signature.parameters:
            message = f"`{name}` of `{self._name}` is an input, which is passed by position"
            help_: str | None = (
                f"pass it by position, without `{name}=`; a constant is declared behind a `*`: `*, {name}`"
            )
        else:
            message = f"`{self._name}` has no keyword-only parameter `{name}`"
            close = closest(name, tuple(self._defaults))
            help_ = None if close is None else f"did you mean `{close}`?"
        return ShapeError(message, loc=user_loc(), operands=[text], help=help_, code="SW103")


@contextmanager
def constants_told() -> Generator[None]:
    """Say how a number becomes a constant, where a parameter that wants one is given it by position."""
    try:
        yield
    except DTypeError as error:
        d = error.diagnostic
        wanted = d.operands[0] if error.code == "SW204" and len(d.operands) == 1 else ""
        if d.help is None and wanted.partition(": ")[2] in ("bool", "float", "int", "str"):
            d.help = f"numbers are tensors in a program, and keyword-only parameters are constants: write `*, {wanted}`"
        raise


def check_constant(function: str, name: str, value: object) -> None:
    """DTypeError if the value of a keyword argument is none that a program can be made for."""
    if isinstance(value, Array | np.ndarray | Pack | tuple | dict) or not _hashable(value):
        raise DTypeError(
            f"keyword argument `{name}` of `{function}` is no hashable constant",
            loc=user_loc(),
            help="keyword-only arguments are static: pass tensors and packs by position",
            code="SW204",
        )


def with_constants(f: Function, signature: inspect.Signature, constants: Mapping[str, object]) -> Function:
    """`f` with its constants given, of the positional signature that is recorded; `signature` is that of `f`."""
    if isinstance(f, MethodType):
        inner = inspect.signature(f.__func__)
        return MethodType(with_constants(f.__func__, inner, constants), f.__self__)

    @wraps(f)
    def bound(*args: Any) -> Any:
        return f(*args, **constants)

    kept = [p for p in signature.parameters.values() if p.name not in constants]
    bound.__dict__["__signature__"] = signature.replace(parameters=kept)
    return bound


def _shown(p: inspect.Parameter) -> str:
    return str(p.replace(annotation=_EMPTY))


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
