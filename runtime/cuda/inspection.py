"""What a kernel of a CUDA program was compiled to: PTX, machine code, registers and spills."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...compiler.errors import CompileError
from ...compiler.program import Program, Resources

if TYPE_CHECKING:
    from .loader import LoadedModule


def attach(program: Program, module: LoadedModule, arch: str) -> None:
    """Give the kernels of a loaded program their file and what they were compiled to."""
    program.path = str(module.path)
    for k in program.kernels:
        k.path, k.inspect = program.path, _reader(lambda: module, arch)


def inspect_offline(program: Program, arch: str) -> None:
    """The same for a program that nobody runs: its text is written and compiled when it is asked for."""

    def module() -> LoadedModule:
        from .loader import load

        loaded = load(program.source, program.name)
        program.path = str(loaded.path)
        for k in program.kernels:
            k.path = program.path
        return loaded

    for k in program.kernels:
        k.inspect = _reader(module, arch)


def _reader(module: Callable[[], LoadedModule], arch: str) -> Callable[[str, str], str | Resources]:
    def read(name: str, what: str) -> str | Resources:
        match what:
            case "ptx":
                return module().ptx(name, arch)
            case "llvm":
                return module().llvm(name, arch)
            case "sass" | "asm":
                return module().sass(name, arch)
            case "resources":
                return module().resources(name, arch)
            case _:
                raise CompileError(f"kernel {name} has no {what}", code="SW504")

    return read
