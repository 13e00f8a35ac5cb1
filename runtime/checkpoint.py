"""Checkpoints: one safetensors file, written atomically, with step count, seed and optimizer in its header.

Tensor names are `params/<name>`, `state/<name>` and `optimizer/<family>/<slot>/<name>`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, cast, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import CheckpointError
from ..compiler.loc import user_loc

Arr: TypeAlias = NDArray[np.generic]
FORMAT = "shapewright-1"


class OptimizerDict(TypedDict):
    """State of one family of optimizers: updates so far, and slot -> parameter name -> array."""

    t: int
    slots: dict[str, dict[str, Arr]]


class StateDict(TypedDict):
    """Everything a trainer needs to go on: copies, owned by the caller."""

    params: dict[str, Arr]
    state: dict[str, Arr]
    optimizers: dict[str, OptimizerDict]
    step: int
    seed: int


@final
@dataclass(frozen=True, slots=True)
class Mismatch:
    """Collects what does not fit, so that one error names everything."""

    where: str
    faults: list[str] = field(default_factory=list[str])

    def compare(self, what: str, want: Mapping[str, Arr], have: Mapping[str, Arr]) -> None:
        """Compare names, shapes and dtypes of two groups of arrays."""
        for name in want.keys() - have.keys():
            self.faults.append(f"{what} {name!r} is missing: expected {_show(want[name])}")
        for name in have.keys() - want.keys():
            self.faults.append(f"{what} {name!r} is unknown: found {_show(have[name])}")
        for name in want.keys() & have.keys():
            if want[name].shape != have[name].shape or want[name].dtype != have[name].dtype:
                self.faults.append(f"{what} {name!r}: expected {_show(want[name])}, found {_show(have[name])}")

    def check(self) -> None:
        """Raise CheckpointError if anything did not fit."""
        if self.faults:
            raise CheckpointError(
                f"{self.where} does not fit this trainer",
                loc=user_loc(),
                details=sorted(self.faults),
                help="load it into a trainer made from the same packs; nothing was changed",
                code="SW702",
            )


def _show(array: Arr) -> str:
    return f"{array.dtype}{list(array.shape)}"


def write(path: str | os.PathLike[str], state: StateDict) -> None:
    """Write a checkpoint atomically: a reader sees the old file or the whole new one, also after a crash.

    Raises:
        CheckpointError: the file cannot be written; an old one stays as it was.
    """
    from safetensors.numpy import save

    tensors: dict[str, Arr] = {f"params/{k}": v for k, v in state["params"].items()}
    tensors |= {f"state/{k}": v for k, v in state["state"].items()}
    for family, opt in state["optimizers"].items():
        for slot, arrays in opt["slots"].items():
            tensors |= {f"optimizer/{family}/{slot}/{k}": v for k, v in arrays.items()}
    header = {
        "format": FORMAT,
        "step": str(state["step"]),
        "seed": str(state["seed"]),
        "optimizers": json.dumps({f: {"t": o["t"], "slots": list(o["slots"])} for f, o in state["optimizers"].items()}),
    }
    data = save({k: np.ascontiguousarray(v).reshape(v.shape) for k, v in tensors.items()}, metadata=header)
    target = Path(path)
    try:
        _replace(target, data)
    except OSError as error:
        raise CheckpointError(
            f"cannot write {target}: {error.strerror}",
            loc=user_loc(),
            help="give a path in a folder that exists and can be written",
            code="SW701",
        ) from error


def _replace(target: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: str | os.PathLike[str]) -> StateDict:
    """Read a checkpoint written by `write`.

    Raises:
        CheckpointError: no such file, a damaged file, or one that is no checkpoint of this library.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with cast("Any", safe_open)(os.fspath(path), framework="numpy") as file:  # the package has no types
            header = cast("dict[str, str]", file.metadata() or {})
            tensors: dict[str, Arr] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"cannot read {os.fspath(path)}: {error}",
            loc=user_loc(),
            help="give the path of a file written by trainer.save",
            code="SW701",
        ) from error
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{os.fspath(path)} is not a checkpoint of this library",
            loc=user_loc(),
            details=[f"its header says format={header.get('format')!r}, expected {FORMAT!r}"],
            help="give the path of a file written by trainer.save",
            code="SW701",
        )
    return _state(tensors, header)


def _state(tensors: Mapping[str, Arr], header: Mapping[str, str]) -> StateDict:
    optimizers: dict[str, OptimizerDict] = {
        family: {
            "t": int(o["t"]),
            "slots": {slot: _group(tensors, f"optimizer/{family}/{slot}/") for slot in o["slots"]},
        }
        for family, o in json.loads(header["optimizers"]).items()
    }
    return {
        "params": _group(tensors, "params/"),
        "state": _group(tensors, "state/"),
        "optimizers": optimizers,
        "step": int(header["step"]),
        "seed": int(header["seed"]),
    }


def _group(tensors: Mapping[str, Arr], prefix: str) -> dict[str, Arr]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
