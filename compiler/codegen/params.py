"""The parameters of a kernel: addresses, counts and sizes, and the views of buffers that its text opens with."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import final

from ..types import DType
from .kernel import Arg, FlagsArg
from .launch import Launch
from .scalars import RESERVED, VIEW
from .text import Names


@final
@dataclass(slots=True)
class Params:
    """Tokens of one kernel's parameters and views; `args` say what each parameter is, in their order."""

    reserved: InitVar[frozenset[str]] = RESERVED
    names: Names = field(init=False)
    args: dict[Arg, str] = field(default_factory=dict[Arg, str])
    views: dict[str, str] = field(default_factory=dict[str, str])  # parameter -> view function
    shapes: dict[str, str] = field(default_factory=dict[str, str])  # parameter -> its (first) shape
    others: list[str] = field(default_factory=list[str])  # statements that view a parameter with a second shape
    numbers: set[str] = field(default_factory=set[str])  # parameters that are one number, loaded at once

    def __post_init__(self, reserved: frozenset[str]) -> None:
        self.names = Names(reserved)

    def arg(self, arg: Arg, wanted: str) -> str:
        """The parameter for an argument, made on first use."""
        if arg not in self.args:
            self.args[arg] = self.names.token(arg, wanted)
        return self.args[arg]

    def view(self, token: str, dtype: DType, shape: str, wanted: str) -> str:
        """The name under which a parameter is an array of a shape: its own, except for a second shape."""
        self.views.setdefault(token, VIEW[dtype])
        if self.shapes.setdefault(token, shape) == shape:
            return token
        key = ("alias", token, shape)
        new = key not in self.names.memo
        alias = self.names.token(key, wanted)
        if new:
            self.others.append(f"{alias} = {VIEW[dtype]}({token}, {shape})")
        return alias

    def flags(self) -> str:
        """The error flags, an array of two words."""
        return self.view(self.arg(FlagsArg(), "flags"), DType.int64, "(2,)", "flags")

    def opening(self) -> list[str]:
        """The statements that make arrays of addresses; second shapes come before a name stands for the first."""
        first = [
            f"{token} = {view}({token}, {self.shapes[token]}){'[0]' if token in self.numbers else ''}"
            for token, view in self.views.items()
        ]
        return self.others[::-1] + first


@final
@dataclass(frozen=True, slots=True)
class Body:
    """The text of one kernel below its `def` line, in tokens; on a GPU how it is launched, and a remark for `why`."""

    params: Params
    lines: list[str]
    launch: Launch | None = None
    remark: str = ""


def index_check(index: str, size: str, flags: str, site: int) -> list[str]:
    """Statements that make an index certainly one inside its axis; one outside sets the flag."""
    return [
        f"if {index} < 0 or {index} >= {size}:  # reported after the step",
        f"    {flags}[0], {index} = {site}, 0",
    ]
