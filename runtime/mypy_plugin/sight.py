"""Which Dims a number may be called by: `Literal[4]` and a Dim of size 4 are one axis when a program runs, not to mypy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final

from mypy.checker import TypeChecker
from mypy.nodes import FuncItem, MypyFile, SymbolTable, TypeInfo, Var
from mypy.types import CallableType, Instance, TupleType, Type, TypeVarType, UnionType, UnpackType, get_proper_type

from .names import DIM, KINDS, LIBRARY
from .tensors import dim_size, is_dim
from .variables import variables_of


@final
@dataclass(slots=True)
class Sight:
    """sizes: of the Dims in sight. open: names of Dims without a size, and type variables, which may be any number.
    tensors: whether there is a tensor in what was added."""

    tensors: bool = False
    sizes: set[int] = field(default_factory=set[int])
    open: set[str] = field(default_factory=set[str])
    _seen: set[str] = field(default_factory=set[str])

    def add_dim(self, info: TypeInfo) -> None:
        """A Dim class."""
        size = dim_size(info)
        if size is not None:
            self.sizes.add(size)
        else:
            self.open.add(info.fullname)

    def add_type(self, t: Type) -> None:
        """Every Dim in a type, and in the fields of its classes."""
        proper = get_proper_type(t)
        match proper:
            case TypeVarType():
                self.open.add(type_variable(proper))
            case Instance(type=info, args=args):
                self.tensors = self.tensors or info.fullname in KINDS
                if is_dim(proper):
                    self.add_dim(info)
                for a in args:
                    self.add_type(a)
                self.add_fields(info)
            case TupleType(items=items) | UnionType(items=items):
                for item in items:
                    self.add_type(item)
            case UnpackType(type=inner):
                self.add_type(inner)
            case _:
                pass

    def add_fields(self, info: TypeInfo) -> None:
        """The fields of a class that is none of the library or of Python."""
        if info.fullname in self._seen or info.module_name.partition(".")[0] in LIBRARY:
            return
        self._seen.add(info.fullname)
        for base in info.mro[:-1]:
            for symbol in base.names.values():
                if isinstance(symbol.node, Var) and symbol.node.type is not None:
                    self.add_type(symbol.node.type)


def type_variable(t: TypeVarType) -> str:
    """What tells a type variable from others."""
    return f"{t.fullname}@{t.id}"


def functions_around(api: TypeChecker) -> list[FuncItem]:
    """The functions that the code which is being checked stands in."""
    return [f for f in api.scope.stack if isinstance(f, FuncItem)]


def is_of_function(api: TypeChecker, t: TypeVarType) -> bool:
    """Whether a type variable is one of the code around, and not one of a function that is called."""
    declared = [v for f in functions_around(api) if isinstance(f.type, CallableType) for v in f.type.variables]
    declared += [v for s in api.scope.stack if isinstance(s, TypeInfo) for v in s.defn.type_vars]
    return any(v.id == t.id and v.fullname == t.fullname for v in declared)


def in_sight(api: TypeChecker) -> Sight:
    """The Dims that a variable may later be said to have: those in the results of the functions around, and in
    annotations of variables. Outside of functions of tensors, where anything can be called, all that the module knows."""
    sight, given = Sight(), Sight()
    variables = variables_of(api.tree)
    functions = functions_around(api)
    for function in functions:
        if isinstance(function.type, CallableType):
            sight.add_type(function.type.ret_type)
            for t in function.type.arg_types:
                given.add_type(t)
        for annotation in variables.annotations(function):
            sight.add_type(annotation)
    if not functions:
        for annotation in variables.annotations(None):
            sight.add_type(annotation)
    if not given.tensors:
        for info in _known(api):
            sight.add_dim(info)
    return sight


def _known(api: TypeChecker) -> Iterator[TypeInfo]:
    """The Dims of a module, and of the modules from which it has a name."""
    near = {api.tree.fullname}
    for symbol in api.tree.names.values():
        node = symbol.node
        if isinstance(node, MypyFile):
            near.add(node.fullname)
        elif node is not None and "." in node.fullname:
            near.add(node.fullname.rpartition(".")[0])
    for name in near:
        module = api.modules.get(name)
        if module is not None and name.partition(".")[0] not in LIBRARY:
            yield from _dims(module.names)


def _dims(names: SymbolTable) -> Iterator[TypeInfo]:
    """The Dim classes of a module, and those that stand in a class."""
    for symbol in names.values():
        info = symbol.node
        if isinstance(info, TypeInfo):
            if info.has_base(DIM):
                yield info
            for inner in info.names.values():
                if isinstance(inner.node, TypeInfo) and inner.node.has_base(DIM):
                    yield inner.node
