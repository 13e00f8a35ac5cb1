"""`shapewright demo`: one typed loss, trained eagerly and compiled on real data, and the kernels it became."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from .optim import Adam
from .options import Backend, Options
from .trainer import ScalarTrainer

if TYPE_CHECKING:
    from rich.console import Console

    from ..compiler.program import Kernel, Program

# Any: the parameters' type is in the user's file, which is loaded at run time.
Trainer: TypeAlias = ScalarTrainer[Any, *tuple[Any, ...]]
BACKENDS: tuple[Backend, ...] = ("compiled", "eager")
BATCH = 64
LEARNING_RATE = 2e-3
TRAINING_IMAGES = 1437  # of 1,797; the other 360 are the test set
GOAL = 0.97
TIMED_STEPS = 300


@final
@dataclass(frozen=True, slots=True)
class Split:
    """Images [rows, 64] with pixels in 0..1, and labels [rows] in 0..9."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]

    def batches(self, epoch: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """The training set in the order of this epoch; the last batch is smaller."""
        order = np.random.default_rng(epoch).permutation(len(self.y))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            yield self.x[rows], self.y[rows]


def load_split() -> Split:
    """scikit-learn's digits, 1,797 real 8x8 images, in a fixed random order.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits

    digits = cast("Any", load_digits())  # scikit-learn has no types
    images, labels = digits.data, digits.target
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = (images[order] / 16.0).astype(np.float32), labels[order].astype(np.int64)
    n = TRAINING_IMAGES
    return Split(x[:n], y[:n], x[n:], y[n:])


def load_program() -> ModuleType:
    """The user's file of the demo, loaded from its path: its lines are a user's lines."""
    path = Path(__file__).resolve()
    for folder in (path.parents[1], path.parents[1] / "src" / "shapewright"):  # installed; or through the link
        if (folder / "digits.py").is_file():
            spec = importlib.util.spec_from_file_location("digits", folder / "digits.py")
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                sys.modules["digits"] = module
                spec.loader.exec_module(module)
                return module
    raise FileNotFoundError("digits.py is not beside the package")


def run(*, epochs: int, show_kernels: bool) -> int:
    """Run the demo on the terminal; the exit status: 0, or 1 where it did not do what it says."""
    from rich.console import Console

    console = Console(highlight=False)
    try:
        split = load_split()
    except ModuleNotFoundError:
        console.print("The demo needs scikit-learn: pip install 'shapewright[data]'", markup=False)
        return 1
    program = load_program()
    console.print("[bold]A typed MLP on scikit-learn's digits[/]: 1,437 training images, 360 test images")
    console.print(f"the loss is in {program.__file__}", soft_wrap=True)
    trainers: dict[Backend, Trainer] = {name: _trainer(program, name) for name in BACKENDS}
    first = {name: _first_step(t, split) for name, t in trainers.items()}
    for name, trainer in trainers.items():
        _train(console, name, trainer, split, epochs)
    accuracy = {name: _accuracy(program, t, split) for name, t in trainers.items()}
    console.print(f"test accuracy     compiled {accuracy['compiled']:.3f}    eager {accuracy['eager']:.3f}")
    gap = _largest_gap(trainers["compiled"], trainers["eager"])
    steps = trainers["compiled"].steps
    console.print(f"parameters        differ by at most {gap:.0e} after {steps} steps of Adam")
    console.print(f"first step        compiled {first['compiled']:.2f} s, compiling (or finding) the kernels")
    _print_times(console, trainers, split)
    if show_kernels:
        _print_kernels(console, trainers["compiled"].program)
    if accuracy["compiled"] < GOAL:
        console.print(f"[red]the test accuracy is below {GOAL}[/]")
        return 1
    return 0


def _trainer(program: ModuleType, backend: Backend) -> Trainer:
    return ScalarTrainer(program.initial(), program.loss, Options(backend=backend), optimizer=Adam())


def _first_step(trainer: Trainer, split: Split) -> float:
    """Seconds of a step that moves nothing (lr = 0) and compiles everything."""
    start = time.perf_counter()
    trainer.step(split.x[:BATCH], split.y[:BATCH], lr=0.0)
    return time.perf_counter() - start


def _train(console: Console, name: str, trainer: Trainer, split: Split, epochs: int) -> None:
    """Train, with a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("loss {task.fields[loss]:.4f}"), console=console) as progress:
        task = progress.add_task(f"{name:<8}", total=epochs, loss=float("nan"))
        for epoch in range(epochs):
            losses = [trainer.step(x, y, lr=LEARNING_RATE) for x, y in split.batches(epoch)]
            progress.update(task, advance=1, loss=float(np.mean([float(loss) for loss in losses])))


def _accuracy(program: ModuleType, trainer: Trainer, split: Split) -> float:
    """Share of the test images that the trained parameters classify right."""
    scores: NDArray[np.float32] = program.logits(trainer.get_params(), split.x_test).numpy()
    return float((scores.argmax(axis=-1) == split.y_test).mean())


def _largest_gap(a: Trainer, b: Trainer) -> float:
    pairs = zip(a.get_params().leaves(), b.get_params().leaves(), strict=True)
    return max(float(np.abs(p.numpy() - q.numpy()).max()) for p, q in pairs)


def _print_times(console: Console, trainers: Mapping[Backend, Trainer], split: Split) -> None:
    """Median time of a step of one batch, the two backends taking turns."""
    x, y = split.x[:BATCH], split.y[:BATCH]
    seconds: dict[Backend, list[float]] = {name: [] for name in trainers}
    for _ in range(TIMED_STEPS):
        for name, trainer in trainers.items():
            start = time.perf_counter()
            trainer.step(x, y, lr=0.0)
            seconds[name].append(time.perf_counter() - start)
    fast, slow = (1e6 * median(seconds[name]) for name in BACKENDS)
    console.print(
        f"time per step     compiled {fast:.0f} us    eager {slow:.0f} us    eager / compiled {slow / fast:.1f}"
    )


def choose_kernels(program: Program) -> dict[str, Kernel]:
    """A kernel that computes the loss, one that computes a gradient, and the optimizer's."""
    roles = {k.name: [line.role for line in k.user_lines] for k in program.kernels}

    def first(title: str, wanted: str, *unwanted: str) -> dict[str, Kernel]:
        having = [k for k in program.kernels if wanted in roles[k.name]]
        best = sorted(having, key=lambda k: sum(role in unwanted for role in roles[k.name]))
        return {title: best[0]} if best else {}

    return {
        **first("a forward kernel", "forward", "backward", "update"),
        **first("a backward kernel", "backward", "forward", "update"),
        **first("the optimizer's kernel", "update"),
    }


def _print_kernels(console: Console, program: Program) -> None:
    """The chosen kernels, each with its lines of the loss and the text that was executed."""
    from rich.syntax import Syntax

    for title, kernel in choose_kernels(program).items():
        console.print()
        console.rule(f"{title}: {kernel.name}, {_calls(kernel.calls)}", align="left")
        for line in kernel.user_lines:
            console.print(f"from {line}   ({line.role})", markup=False, soft_wrap=True)
        if console.is_terminal:
            console.print(Syntax(_body(kernel.source), "python", background_color="default"))
        else:
            console.print(_body(kernel.source), markup=False, soft_wrap=True)
    console.print(f"\nthe whole program, the file that ran: {program.path}", markup=False, soft_wrap=True)


def _calls(count: int) -> str:
    return "called once a step" if count == 1 else f"called {count} times a step"


def _body(source: str) -> str:
    """The function without the comment above it, which names the same lines of the loss."""
    lines = source.splitlines()
    start = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    return "\n".join(lines[start:]).rstrip()
