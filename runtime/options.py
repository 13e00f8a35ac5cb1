"""`Options`: how a function or a trainer runs. Every field is validated; a bad value is an error that lists the good ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, final

import numpy as np

from ..compiler.errors import DeviceError, OptionError
from ..compiler.loc import user_loc
from ..compiler.types import DType
from ..dsl.repairs import closest
from ..dsl.report import kind_text, option_text
from ..dsl.scope import DEFAULT_MODE, ChecksMode

Backend: TypeAlias = Literal["eager", "compiled"]
Device: TypeAlias = Literal["cpu", "cuda"]
Precision: TypeAlias = Literal["highest", "high"]
StorageType: TypeAlias = Literal["float32", "float64", "bfloat16", "float16"]

_CHOICES: dict[str, tuple[object, ...]] = {
    "backend": ("eager", "compiled"),
    "device": ("cpu", "cuda"),
    "dtype": (None, "float32", "float64", "bfloat16", "float16"),
    "matmul_precision": ("highest", "high"),
    "checks": ("off", "boundary", "all"),
}
_FLAGS = ("deterministic", "fast_math", "debug_nans", "autotune", "fail_on_recompile")
_SEEDS = 2**32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run.

    backend: "compiled" generates kernels; "eager" runs each operation at once.
    device: where; "cuda" is the first NVIDIA GPU, and keeps parameters and optimizer state there between steps.
    dtype: storage type the parameters are cast to; None keeps theirs. Those of 16 bits are refused in this version.
    seed: of the random operations, 0 <= seed < 2**32.
    matmul_precision: "high" lets a device use reduced-precision matrix units.
    deterministic: two runs give the same bits, for any number of workers; in this version they always do.
    fast_math: let the code generator re-associate; in this version it never does.
    debug_nans: name the operation and line that made the first NaN.
    autotune: choose between kernels by timing them; in this version the choice is a model's.
    fail_on_recompile: raise `CompileError` where a second compilation of a method would start.
    checks: how often `@typed` checks run: never, at the outermost call, or at every call. SHAPEWRIGHT_CHECKS sets the
        default, which is every call otherwise.

    Raises:
        OptionError: a value that is not one of the good ones, which the message lists.
    """

    backend: Backend = "compiled"
    device: Device = "cpu"
    dtype: StorageType | None = None
    seed: int = 0
    matmul_precision: Precision = "highest"
    deterministic: bool = True
    fast_math: bool = False
    debug_nans: bool = False
    autotune: bool = False
    fail_on_recompile: bool = False
    checks: ChecksMode = DEFAULT_MODE

    def __post_init__(self) -> None:
        for name, good in _CHOICES.items():
            value = getattr(self, name)
            if not any(type(value) is type(g) and value == g for g in good):
                raise _bad(name, value, [repr(g) for g in good])
        for name in _FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise _bad(name, getattr(self, name), ["True", "False"])
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < _SEEDS:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may ignore the annotation
            raise _bad("seed", self.seed, ["an int with 0 <= seed < 2**32"])

    @property
    def storage(self) -> DType | None:
        """The element type parameters are cast to, None to keep theirs.

        Raises:
            OptionError: a type that no target can store yet.
        """
        if self.dtype is None:
            return None
        if self.dtype not in ("float32", "float64"):
            raise OptionError(
                f"dtype {self.dtype!r} is not available on device {self.device!r} in this version",
                loc=user_loc(),
                help='use dtype="float32" or dtype="float64"',
                code="SW803",
            )
        return DType(self.dtype)


def check_available(options: Options) -> None:
    """Refuse what cannot run on this machine or in this version.

    Raises:
        DeviceError: device "cuda" where something is missing for it; the message says what, and how to get it.
        OptionError: a dtype that cannot be stored.
    """
    if not isinstance(options, Options):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may ignore the annotation
        raise OptionError(
            f"the options are {kind_text(options)}, not sw.Options",
            loc=user_loc(),
            help='write sw.Options(backend="eager")',
            code="SW801",
        )
    if options.device == "cuda":
        from .cuda.probe import require_cuda

        try:
            require_cuda()
        except DeviceError as error:
            raise error.at(user_loc()) from None
    _ = options.storage


def _same(name: str, value: object) -> str | None:
    """The value that means the same in the words of another library."""
    if name == "device" and str(value).partition(":")[0].lower() in ("gpu", "cuda", "nvidia"):
        return "cuda"
    if name != "dtype" or isinstance(value, str):
        return None
    try:
        found = np.dtype(cast("Any", value)).name
    except TypeError:
        return None
    return found if found in _CHOICES["dtype"] else None


def _bad(name: str, value: object, good: list[str]) -> OptionError:
    shown = option_text(value)
    bare = {g.strip("'"): g for g in good}  # quotes would be alike
    close = _same(name, value) or closest(value if isinstance(value, str) else shown, bare)
    return OptionError(
        f"option {name}={shown} cannot be used",
        loc=user_loc(),
        details=[f"good values: {', '.join(good)}"],
        help=None if close is None else f"did you mean {bare[close]}?",
        code="SW801",
    )
