"""From emitted text to device code: write the text to a file of its own, compile a kernel when it is first asked for.

What is compiled lies beside the file, so the next process reads it without importing Numba. The file's name carries a
digest of the text; its folder names the compilers and the runtime sources. Only text that this package's emitter wrote
is executed: a file that does not match its text is written again, and the text itself is what is compiled.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast, final

from ...compiler.errors import CompileError, DeviceError, ShapewrightError
from ...compiler.program import Resources as Resources
from .folders import cache_folder, nvdisasm

if TYPE_CHECKING:
    from .api import Kernel

ARCH: Final = "sm_90"
"""The architecture that code is made for unless said otherwise."""


@final
@dataclass(frozen=True, slots=True)
class _Head:
    """What the text says about a kernel."""

    parameters: int
    threads: int


@final
@dataclass(frozen=True, slots=True)
class LoadedModule:
    """The kernels of one emitted file. Nothing is compiled before it is asked for."""

    path: Path
    source: str
    heads: dict[str, _Head]
    _imported: list[ModuleType] = field(default_factory=list[ModuleType])

    @property
    def kernels(self) -> tuple[str, ...]:
        """Names, in the order of the file."""
        return tuple(self.heads)

    def parameters(self, name: str) -> int:
        """How many int64 a kernel takes."""
        return self._head(name).parameters

    def threads(self, name: str) -> int:
        """The largest block that a kernel is compiled for."""
        return self._head(name).threads

    def entry(self, name: str) -> str:
        """The symbol of a kernel in PTX and in machine code."""
        self._head(name)
        return f"{name}_kernel"

    def kernel(self, name: str) -> Kernel:
        """The decorated function: what the simulator launches, as `kernel[grid, block](...)`."""
        self._head(name)
        with _lock:
            if not self._imported:
                self._imported.append(_import(self.path, self.source))
        return cast("Kernel", getattr(self._imported[0], name))

    def ptx(self, name: str, arch: str = ARCH) -> str:
        """The PTX of a kernel. CompileError (with the file) if the text does not compile, DeviceError SW602 if it has
        to be compiled and numba-cuda is missing."""
        return self._kept(name, arch, "ptx", self._compile).decode()

    def llvm(self, name: str, arch: str = ARCH) -> str:
        """The LLVM text of a kernel that NVVM was given, before its optimisations."""
        return self._kept(name, arch, "ll", self._compile).decode()

    def cubin(self, name: str, arch: str = ARCH) -> bytes:
        """The machine code of a kernel, an ELF file."""
        return self._kept(name, arch, "cubin", self._link)

    def resources(self, name: str, arch: str = ARCH) -> Resources:
        """Registers, stack, spills, shared memory and barriers of a kernel."""
        return Resources(**json.loads(self._kept(name, arch, "json", self._link)))

    def sass(self, name: str, arch: str = ARCH) -> str:
        """The machine code of a kernel as text; CompileError where there is no nvdisasm."""
        tool = nvdisasm()
        if tool is None:
            raise CompileError(
                "machine code is read by nvdisasm, which is not installed",
                help="pip install nvidia-cuda-nvdisasm, or put nvdisasm of the CUDA toolkit on PATH",
            )
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.cubin"
            file.write_bytes(self.cubin(name, arch))
            done = subprocess.run([tool, "-c", str(file)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompileError(f"nvdisasm cannot read kernel {name!r}", details=done.stderr.splitlines()[:6])
        return done.stdout

    def _head(self, name: str) -> _Head:
        if name not in self.heads:
            raise CompileError(f"no kernel {name!r} in {self.path.name}", details=[", ".join(self.heads)])
        return self.heads[name]

    def _file(self, name: str, arch: str, suffix: str) -> Path:
        if not re.fullmatch(r"sm_\d+a?", arch):
            raise CompileError(f"{arch!r} names no CUDA architecture", help='write it like "sm_90"')
        return self.path.with_name(f"{name}.{arch}.{suffix}")

    def _kept(self, name: str, arch: str, suffix: str, make: Callable[[str, str], None]) -> bytes:
        self._head(name)
        path = self._file(name, arch, suffix)
        with _lock:
            known = _fetch(path)
            if known is None:
                make(name, arch)
                known = _fetch(path)
        if known is None:
            raise CompileError(
                f"{path} cannot be kept", help="is the disk full? SHAPEWRIGHT_CACHE names another folder"
            )
        return known

    def _compile(self, name: str, arch: str) -> None:
        from . import api  # one second: only when something is compiled

        function, head = self.kernel(name).py_func, self.heads[name]
        try:
            made = api.compile_kernel(function, head.parameters, head.threads, arch)
        except ShapewrightError:
            raise
        except Exception as error:
            raise _fault(self.path, error) from error
        _store(self._file(name, arch, "ptx"), made.ptx.encode())
        _store(self._file(name, arch, "ll"), made.llvm.encode())

    def _link(self, name: str, arch: str) -> None:
        ptx = self.ptx(name, arch)
        from . import api  # after the PTX: it says best what is missing

        try:
            made = api.link(ptx, arch)
        except ShapewrightError:
            raise
        except Exception as error:
            raise _fault(self.path, error) from error
        _store(self._file(name, arch, "cubin"), made.cubin)
        _store(self._file(name, arch, "json"), json.dumps(asdict(read_report(made.log))).encode())


_lock: Final = threading.RLock()
_loaded: Final[dict[Path, LoadedModule]] = {}


def load(source: str, name: str) -> LoadedModule:
    """Load emitted `source`; `name` (an identifier) makes the file recognisable.

    The same text loads once per process. Only its kernels' names are read now.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}_{digest}" / f"{name}_{digest}.py"
    with _lock:
        if path not in _loaded:
            _write_source(path, source)
            _loaded[path] = LoadedModule(path, source, _heads(source))
        return _loaded[path]


def _write_source(path: Path, source: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists() or path.read_bytes() != source.encode():
        _write(path, source.encode())


def _heads(source: str) -> dict[str, _Head]:
    """The kernels of a text: functions under `@jit(launch_bounds=N)`."""
    out: dict[str, _Head] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "jit":
                bounds = {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
                out[node.name] = _Head(len(node.args.args), int(bounds["launch_bounds"]))
    return out


def _import(path: Path, source: str) -> ModuleType:
    _write_source(path, source)  # again: debuggers and tracebacks read the file
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except ShapewrightError:
        raise
    except Exception as error:
        raise _fault(path, error) from error
    return module


def _fault(path: Path, error: Exception) -> CompileError:
    return CompileError(
        f"the emitted text does not compile: {type(error).__name__}",
        details=[str(path), *str(error).splitlines()[:12]],
        help="this is a fault of shapewright: please report it with that file",
    )


def read_report(log: str) -> Resources:
    """What ptxas said about a kernel; DeviceError SW604 if it is not in the log."""
    frame = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    used = re.search(r"Used (\d+) registers", log)
    if frame is None or used is None:
        raise DeviceError("the linker says nothing of registers", code="SW604", details=log.splitlines()[:6])
    shared = re.search(r"(\d+) bytes smem", log)
    barriers = re.search(r"used (\d+) barriers", log)
    stack, stores, loads = (int(number) for number in frame.groups())
    number = [int(found[1]) if found else 0 for found in (used, shared, barriers)]
    return Resources(number[0], stack, stores, loads, number[1], number[2])


# ---- files with a digest beside them


def _fetch(path: Path) -> bytes | None:
    """The content of a file, None if it or its digest is missing or they do not agree."""
    try:
        content, digest = path.read_bytes(), _digest_file(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == digest.strip() else None


def _store(path: Path, content: bytes) -> None:
    _write(path, content)
    _write(_digest_file(path), f"{hashlib.sha256(content).hexdigest()}\n".encode())


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _write(path: Path, content: bytes) -> None:
    """Write a whole file at once: other processes see the old file or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    temporary.write_bytes(content)
    os.chmod(temporary, 0o600)
    os.replace(temporary, path)
