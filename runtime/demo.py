"""`shapewright demo`: one typed loss, trained eagerly and compiled on real data, and the kernels it became."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from .options import Options
from .trainer import ScalarTrainer

if TYPE_CHECKING:
    from rich.console import Console

    from ..compiler.program import Kernel, Program

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

    images, labels = load_digits(return_X_y=True)
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
    console.print("[bold]A typed MLP on scikit-learn's digits[/], 1,437 training and 360 test images of 8x8 pixels")
    console.print(f"the loss is in {program.__file__}", soft_wrap=True)
    trainers = {name: _trainer(program, name) for name in ("compiled", "eager")}
    accuracy = {name: _train(console, name, t, program, split, epochs) for name, t in trainers.items()}
    console.print(f"test accuracy     compiled {accuracy['compiled']:.3f}    eager {accuracy['eager']:.3f}")
    gap = _largest_gap(trainers["compiled"], trainers["eager"])
    console.print(f"parameters        differ by at most {gap:.0e} after {epochs * 23} steps of Adam")
    _print_times(console, trainers, split)
    if show_kernels:
        _print_kernels(console, trainers["compiled"].program)
    if accuracy["compiled"] < GOAL:
        console.print(f"[red]the test accuracy is below {GOAL}[/]")
        return 1
    return 0


def _trainer(program: ModuleType, backend: Any) -> ScalarTrainer[Any, *tuple[Any, ...]]:
    return ScalarTrainer(program.initial(), program.loss, Options(backend=backend))


def _train(
    console: Console,
    name: str,
    trainer: ScalarTrainer[Any, *tuple[Any, ...]],
    program: ModuleType,
    split: Split,
    epochs: int,
) -> float:
    """Train with a progress bar; the accuracy on the test set."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("loss {task.fields[loss]:.4f}"), console=console) as progress:
        task = progress.add_task(f"{name:<8}", total=epochs, loss=float("nan"))
        for epoch in range(epochs):
            losses = [trainer.adam_step(x, y, lr=LEARNING_RATE) for x, y in split.batches(epoch)]
            progress.update(task, advance=1, loss=float(np.mean([float(loss) for loss in losses])))
    scores = program.logits(trainer.get_params(), split.x_test).numpy()
    return float((scores.argmax(axis=-1) == split.y_test).mean())


def _largest_gap(a: ScalarTrainer[Any, *tuple[Any, ...]], b: ScalarTrainer[Any, *tuple[Any, ...]]) -> float:
    pairs = zip(a.get_params().leaves(), b.get_params().leaves(), strict=True)
    return max(float(np.abs(p.numpy() - q.numpy()).max()) for p, q in pairs)


def _print_times(console: Console, trainers: dict[str, ScalarTrainer[Any, *tuple[Any, ...]]], split: Split) -> None:
    """Median time of a step of one batch, the two backends taking turns."""
    x, y = split.x[:BATCH], split.y[:BATCH]
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    for _ in range(TIMED_STEPS):
        for name, trainer in trainers.items():
            start = time.perf_counter()
            trainer.adam_step(x, y, lr=0.0)
            seconds[name].append(time.perf_counter() - start)
    fast, slow = (1e6 * median(seconds[name]) for name in ("compiled", "eager"))
    console.print(f"time per step     compiled {fast:.0f} us    eager {slow:.0f} us    {slow / fast:.1f} times faster")


def _print_kernels(console: Console, program: Program) -> None:
    """One forward, one backward and the optimizer's kernel, each with its lines of the loss."""
    for title, kernel in choose_kernels(program):
        console.rule(f"{title}: {kernel.name}", align="left")
        for line in kernel.user_lines:
            console.print(f"  from {line}", markup=False, soft_wrap=True)
        console.print(f"  why  {kernel.why}", markup=False, soft_wrap=True)
        console.print(kernel.source, markup=False, soft_wrap=True)
    console.print(f"the whole program is in {program.kernels[0].path}", markup=False, soft_wrap=True)
