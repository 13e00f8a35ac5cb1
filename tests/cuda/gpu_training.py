"""Sections of the GPU script that train: accuracy, equal bits, memory, errors; and the matrix products."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

import shapewright as sw
from shapewright import digits
from shapewright.compiler.errors import DeviceError, ShapewrightError
from shapewright.runtime.cuda import blas
from shapewright.runtime.cuda.blas import Precision, Width
from shapewright.runtime.cuda.device import device
from shapewright.runtime.demo import Split, load_split
from shapewright.runtime.optim import Adam

from ..runtime.models import ints, reals
from .gpu_sections import Outcome, Setting
from .products import case

EPOCHS, RATE = 40, 2e-3
GOAL, GAP = 0.98, 0.01
"""The accuracy that training must reach, and by how much that of the two devices may differ."""
UNITS = {("f32", "highest"): 2.0**-24, ("f64", "highest"): 2.0**-53, ("f32", "high"): 2.0**-11}
"""Relative error of a factor of a product: of its own rounding, or of TF32's 11 bits."""
CHUNK = 2 << 20
"""Bytes that a driver takes and keeps at once."""


def _digits(where: sw.Options, optimizer: sw.Optimizer | None = None) -> Any:
    return sw.ScalarTrainer(digits.initial(), digits.loss, where, optimizer=optimizer or Adam())


CUDA = sw.Options(device="cuda")


# ---- accuracy


def accuracy(setting: Setting) -> Outcome:
    """Digits trained on the device as well as on the CPU."""
    outcome = Outcome()
    try:
        split = load_split()
    except ModuleNotFoundError:
        return Outcome(skipped="scikit-learn is not installed")
    found: dict[str, float] = {}
    for name, options in (("cpu", sw.Options()), ("cuda", CUDA)):
        trainer = _digits(options)
        for x, y in _batches(split, setting):
            trainer.step(x, y, lr=RATE)
        scores = digits.logits(trainer.get_params(), reals(split.x_test)).numpy()
        found[name] = float((scores.argmax(-1) == split.y_test).mean())
    here, there = found["cuda"], found["cpu"]
    outcome.expect(abs(here - there) < GAP, f"accuracy {here:.4f} on the device, {there:.4f} on the CPU")
    outcome.expect(setting.tiny or here >= GOAL, f"accuracy {here:.4f}, at least {GOAL} expected")
    outcome.note = f"digits: test accuracy {here:.4f}, on the CPU {there:.4f}"
    return outcome


def _batches(split: Split, setting: Setting) -> Iterable[tuple[Any, Any]]:
    if setting.tiny:
        return [(split.x[i : i + 16], split.y[i : i + 16]) for i in range(0, 48, 16)]
    return [batch for epoch in range(EPOCHS) for batch in split.batches(epoch)]


# ---- equal bits

WORDS, LENGTH, WIDTH, CLASSES = 40, 6, 24, 5


def words_loss(p: Any, tokens: Any, labels: Any) -> Any:
    """What is prone to differ: rows added into a table, random masks, folds over blocks."""
    x = sw.embedding(tokens, p["table"])
    x = sw.layer_norm(sw.dropout(x, 0.1), p["gain"], p["shift"])
    return sw.cross_entropy(sw.mean(x, 1) @ p["w"] + p["b"], labels)


def words() -> Any:
    """Its parameters."""
    rng = np.random.default_rng(1)
    shapes = {"table": (WORDS, WIDTH), "gain": (WIDTH,), "shift": (WIDTH,), "w": (WIDTH, CLASSES), "b": (CLASSES,)}
    return {name: reals(rng.normal(size=shape).astype(np.float32)) for name, shape in shapes.items()}


def bits(setting: Setting) -> Outcome:
    """Two trainers in each of two processes, the same bits."""
    outcome, steps, rows = Outcome(), 3 if setting.tiny else 50, 2 if setting.tiny else 64
    runs: list[list[bytes]] = []
    for _ in range(2):
        rng = np.random.default_rng(setting.seed)
        trainer: Any = sw.ScalarTrainer(words(), words_loss, CUDA, optimizer=sw.optim.AdamW())
        seen: list[bytes] = []
        for _ in range(steps):
            tokens, labels = ints(rng.integers(0, WORDS, (rows, LENGTH))), ints(rng.integers(0, CLASSES, rows))
            seen.append(trainer.step(tokens, labels, lr=1e-2).numpy().tobytes())
        leaves = trainer.state_dict()["params"]
        runs.append([*seen, *(np.asarray(leaves[name]).tobytes() for name in sorted(leaves))])
    for i, (a, b) in enumerate(zip(*runs, strict=True)):
        outcome.expect(a == b, f"loss of step {i + 1} differs" if i < steps else "a parameter differs")
    outcome.digest = hashlib.sha256(b"".join(runs[0])).hexdigest()[:16]
    outcome.note = f"{steps} steps of two trainers in each of {setting.shares} processes: the same bits"
    return outcome


# ---- memory


def memory(setting: Setting) -> Outcome:
    """Many steps without growth, and all memory back when a trainer is gone."""
    outcome, steps, here = Outcome(), 3 if setting.tiny else 2000, device()
    rng = np.random.default_rng(setting.seed)
    rows = (5,) if setting.tiny else (64, 29)
    batches = [(rng.random((n, 64), np.float32), rng.integers(0, 10, n)) for n in rows]

    def free() -> int:
        gc.collect()
        here.synchronize()
        return here.memory_info()[0]

    def train(trainer: Any, count: int) -> None:
        for i in range(count):
            trainer.step(*batches[i % len(rows)], lr=1e-3)

    warm = 3 * len(rows)  # each set of shapes is launched, recorded, replayed
    train(_digits(CUDA), warm)  # loads the kernels and the library of products, which stay
    before = free()
    trainer = _digits(CUDA)
    train(trainer, warm)
    during = free()
    train(trainer, steps)
    grown = during - free()
    outcome.expect(grown <= 0, f"{grown:,} bytes more in use after {steps} steps")
    del trainer
    kept = before - free()
    outcome.expect(kept <= CHUNK, f"{kept:,} bytes still in use when the trainer is gone")
    outcome.note = f"{steps:,} steps: device memory grew by {grown:,} bytes; {kept:,} kept afterwards"
    return outcome


# ---- products


def products(setting: Setting) -> Outcome:
    """The library's products and the plain kernels, beside NumPy's."""
    outcome, here = Outcome(), device()
    found = None if here.simulated else blas.library()
    sizes = (
        [(4, 6, 5), (1, 7, 3)] if setting.tiny else [(4, 6, 5), (1, 130, 67), (65, 1, 64), (257, 129, 300), (512,) * 3]
    )
    kinds: list[tuple[Width, Precision]] = [("f32", "highest"), ("f64", "highest"), ("f32", "high")]
    for m, n, k in sizes:
        for trans in ((False, False), (True, False), (False, True), (True, True)):
            for loops in ((), (3,), (2, 3)):
                for dtype, precision in kinds:
                    name = f"[{m}, {k}] x [{k}, {n}], {trans}, {loops}, {dtype}, {precision}"
                    made = case(here, m, n, k, *trans, loops, pad=2, dtype=dtype, precision=precision)
                    ways: list[tuple[str, Callable[[], None]]] = [("chosen", partial(made.product.enqueue, here))]
                    if not here.simulated:
                        ways.append(("plain", blas._plain(made.product.tidied(), here)))  # pyright: ignore[reportPrivateUsage] - what is compared
                    for way, run in ways:
                        run()
                        # A sum of k products of normal numbers is about sqrt(k); its k roundings add up to sqrt(k) more.
                        error = float(np.abs(made.result() - made.expected).max()) / k**0.5
                        allowed = 16 * UNITS[dtype, precision if way == "chosen" else "highest"]
                        allowed += 8 * k**0.5 * UNITS[dtype, "highest"]
                        outcome.expect(error < allowed, f"{way} {name}: off by {error:.2g}, at most {allowed:.2g}")
    provider = blas.provider("high")[1] if found is not None else "plain kernels: the simulator has no library"
    outcome.note = f"products by {provider}, and by the plain kernels"
    return outcome


# ---- errors


def errors(setting: Setting) -> Outcome:
    """What goes wrong is said, changes nothing, and the trainer goes on."""
    outcome, here = Outcome(), device()
    rng = np.random.default_rng(setting.seed)
    x, y = rng.random((4, 64), np.float32), rng.integers(0, 10, 4)
    bad = y.copy()
    bad[2] = 10
    trainer, twin = _digits(CUDA), _digits(CUDA)

    def same(when: str) -> None:
        pairs = zip(trainer.get_params().leaves(), twin.get_params().leaves(), strict=True)
        outcome.expect(all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs), f"{when}: parameters differ")

    mistakes: list[tuple[str, str, Callable[[], object]]] = [
        ("a label outside its axis", "IndexOutOfRange", lambda: trainer.step(x, bad, lr=RATE)),
        ("too few features", "ShapeError", lambda: trainer.step(x[:, :9], y, lr=RATE)),
        ("too much memory", "DeviceError", lambda: here.alloc(here.memory_info()[1] + 1)),
        ("a recording that fails", "DeviceError", lambda: _refused_while_recording()),
    ]
    for turn in range(3):  # before, while and after the step is recorded
        for what, kind, mistake in mistakes:
            outcome.expect(_raised(mistake) == kind, f"{what}: not a {kind}")
            same(what)
        losses = [float(t.step(x, y, lr=RATE)) for t in (trainer, twin)]
        outcome.expect(losses[0] == losses[1], f"the step after the errors, turn {turn}, differs")
    same("at the end")
    outcome.note = "index, shape, memory and recording errors: nothing changed, and training went on"
    return outcome


def _raised(call: Callable[[], object]) -> str:
    try:
        call()
    except ShapewrightError as error:
        print(f"as it should be: {str(error).splitlines()[0]}", flush=True)
        return type(error).__name__
    return "nothing"


def _refused_while_recording() -> None:
    try:
        with device().capture():
            device().synchronize()
    except DeviceError:
        device().synchronize()
        raise
