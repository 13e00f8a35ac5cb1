"""From emitted text to machine code: write the text to a file of its own, import it, hand out C addresses.

The file's name carries a digest of the text; its folder names the processor, the compiler and the runtime sources.
So the text shown is the file executed, and equal text is compiled once per machine. Only text that this package's
emitter wrote is executed: a file that does not match its text is written again before it is imported.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final, final

from ...compiler.errors import CompileError
from .folders import cache_folder
from .jit import Compiled, address_of, is_compiled, kernel_folder, listen
from .llvm import assembly

Progress = Callable[[Compiled], None]
"""Called with every kernel as it becomes machine code."""


@final
@dataclass(frozen=True, slots=True)
class LoadedModule:
    """The kernels of one emitted file."""

    path: Path
    source: str
    module: ModuleType
    kernels: tuple[str, ...]
    """Names, in the order of the file."""
    compiled: tuple[Compiled, ...]
    """One record per kernel, in the order they became machine code."""
    seconds: float
    """Time that `load` took."""
    _addresses: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def cold(self) -> bool:
        """Whether any kernel had to be compiled."""
        return any(not record.cached for record in self.compiled)

    def address(self, kernel: str) -> int:
        """The C address of a kernel, for the step table."""
        if kernel not in self._addresses:
            self._addresses[kernel] = address_of(getattr(self.module, kernel))
        return self._addresses[kernel]

    def llvm(self, kernel: str) -> str:
        """The optimised LLVM text of a kernel, kept since its first compilation."""
        path = self._beside(kernel, "ll")
        if not path.exists():
            raise CompileError(
                f"the LLVM text of kernel {kernel!r} is no longer in the cache",
                help=f"delete the folder {path.parent} and run the program again",
            )
        return path.read_text()

    def asm(self, kernel: str) -> str:
        """The assembly of a kernel for this processor."""
        path = self._beside(kernel, "s")
        if not path.exists():
            _write(path, assembly(self.llvm(kernel)))
        return path.read_text()

    def _beside(self, kernel: str, suffix: str) -> Path:
        if kernel not in self.kernels:
            raise CompileError(f"no kernel {kernel!r} in {self.path.name}", details=[", ".join(self.kernels)])
        return kernel_folder(getattr(self.module, kernel).py_func) / f"{kernel}.{suffix}"


_lock: Final = threading.RLock()
_loaded: Final[dict[str, LoadedModule]] = {}


def load(source: str, name: str, progress: Progress | None = None) -> LoadedModule:
    """Load emitted `source`; `name` (an identifier) makes the file recognisable.

    The same text loads once per process, from the cache if any process on this machine compiled it before. Raises
    CompileError if the text does not compile, with the kernel's file.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    with _lock:
        if digest in _loaded:
            return _loaded[digest]
        path = cache_folder() / f"{name}_{digest}" / f"{name}_{digest}.py"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists() or path.read_bytes() != source.encode():
            _write(path, source)
        loaded = _import(path, source, progress)
        _loaded[digest] = loaded
        return loaded


def _import(path: Path, source: str, progress: Progress | None) -> LoadedModule:
    records: list[Compiled] = []

    def note(record: Compiled) -> None:
        if record.file != str(path):
            return  # a helper of the runtime
        records.append(record)
        if record.llvm is not None:
            _write(record.folder / f"{record.name}.ll", record.llvm)
            (record.folder / f"{record.name}.s").unlink(missing_ok=True)
        if progress is not None:
            progress(record)

    start = time.perf_counter()
    module = ModuleType("shapewright_kernels")  # one name, so that programs can share object code
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # what Numba looks functions up in
    end = listen(note)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise CompileError(
            f"the emitted text does not compile: {type(error).__name__}",
            details=[str(path), *str(error).splitlines()[:12]],
            help="this is a fault of shapewright: please report it with that file",
        ) from error
    finally:
        end()
    kernels = tuple(n for n, v in vars(module).items() if is_compiled(v) and v.__module__ == module.__name__)
    return LoadedModule(path, source, module, kernels, tuple(records), time.perf_counter() - start)


def _write(path: Path, text: str) -> None:
    """Write a whole file at once: other processes see the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.chmod(temporary, 0o600)
    os.replace(temporary, path)
