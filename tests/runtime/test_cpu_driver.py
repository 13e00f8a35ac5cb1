"""The table driver and the pool, on plans written by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import OptionError
from shapewright.runtime.cpu import driver
from shapewright.runtime.cpu.jit import KW, I, address_of, njit, void
from shapewright.runtime.cpu.pool import default_workers, pool
from shapewright.runtime.cpu.support import f32, i64

IntArray = np.ndarray[Any, np.dtype[np.int64]]
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": KW["fastmath"]}
Argument = tuple[int, int, int, int, int, int]
Row = tuple[Callable[..., None], list[Argument]]


def fixed(value: int) -> Argument:
    """An argument that is the same everywhere."""
    return (-1, value, 0, 0, 0, 0)


COUNT: Argument = (-1, 0, 0, 0, 1, 0)


@njit(void(I, I, I, I, I), **OPTIONS)
def square_and_sum(x: int, y: int, scratch: int, partial: int, n: int) -> None:
    """y = x * x through a worker's scratch memory, and the sum of the tile."""
    xs, ys, ss, ps = f32(x, (n,)), f32(y, (n,)), f32(scratch, (n,)), f32(partial, (1,))
    for i in range(n):
        ss[i] = xs[i] * xs[i]
    total = ss[0]
    for i in range(1, n):
        total += ss[i]
    for i in range(n):
        ys[i] = ss[i]
    ps[0] = total


@njit(void(I, I, I), **OPTIONS)
def add_up(partial: int, out: int, tiles: int) -> None:
    ps, total = f32(partial, (tiles,)), f32(out, (1,))
    for t in range(tiles):
        total[0] += ps[t]


@njit(void(I, I), **OPTIONS)
def raise_flag(flags: int, value: int) -> None:
    i64(flags, 1)[0] = value


@njit(void(*[I] * 64), **OPTIONS)
def weigh(
    out: int, a1: int, a2: int, a3: int, a4: int, a5: int, a6: int, a7: int, a8: int, a9: int, a10: int, a11: int,
    a12: int, a13: int, a14: int, a15: int, a16: int, a17: int, a18: int, a19: int, a20: int, a21: int, a22: int,
    a23: int, a24: int, a25: int, a26: int, a27: int, a28: int, a29: int, a30: int, a31: int, a32: int, a33: int,
    a34: int, a35: int, a36: int, a37: int, a38: int, a39: int, a40: int, a41: int, a42: int, a43: int, a44: int,
    a45: int, a46: int, a47: int, a48: int, a49: int, a50: int, a51: int, a52: int, a53: int, a54: int, a55: int,
    a56: int, a57: int, a58: int, a59: int, a60: int, a61: int, a62: int, a63: int,
) -> None:  # fmt: skip
    i64(out, 1)[0] = a1 + 2 * a7 + 3 * a31 + 4 * a63


def table(rows: list[Row]) -> tuple[IntArray, IntArray]:
    """The `rows` and `coef` arrays."""
    width = max(len(arguments) for _, arguments in rows)
    head, coef = np.zeros((len(rows), 2), np.int64), np.zeros((len(rows), width, 6), np.int64)
    for r, (kernel, arguments) in enumerate(rows):
        head[r] = address_of(kernel), len(arguments)
        coef[r, : len(arguments)] = arguments
    return head, coef


def schedule(phases: list[list[tuple[int, int, int, int, int]]], workers: int) -> tuple[IntArray, IntArray]:
    """The `items` and `ranges` arrays: the items of a phase are dealt out to the workers in turn."""
    items: list[tuple[int, int, int, int, int]] = []
    ranges = np.zeros((len(phases), workers, 2), np.int64)
    for phase, work in enumerate(phases):
        for worker in range(workers):
            begin = len(items)
            items += work[worker::workers]
            ranges[phase, worker] = begin, len(items)
    return np.array(items, np.int64).reshape(-1, 5), ranges


def tiles(row: int, extent: int, tile: int) -> list[tuple[int, int, int, int, int]]:
    """One item per tile of an axis, the last one smaller if need be."""
    starts = range(0, extent, tile)
    return [(row, row + 1, start, min(tile, extent - start), t) for t, start in enumerate(starts)]


class Example:
    """y = x * x and its sum, over ragged tiles, with an update phase that counts steps."""

    def __init__(self, workers: int, *, flag: int = 0, extent: int = 1000, tile: int = 96) -> None:
        self.x = np.random.default_rng(0).normal(size=extent).astype(np.float32)
        self.y, self.total = np.zeros_like(self.x), np.zeros(1, np.float32)
        self.steps, self.flags = np.zeros(1, np.float32), np.zeros(1, np.int64)
        self.slots = np.array([0, self.x.ctypes.data], np.int64)
        count = -(-extent // tile)
        self.scratch = np.zeros((workers, tile), np.float32)
        self.partial = np.zeros(count, np.float32)
        one = np.ones(1, np.float32)
        self.keep = one
        rows: list[Row] = [
            (
                square_and_sum,
                [
                    (1, 0, 4, 0, 0, 0),
                    (-1, self.y.ctypes.data, 4, 0, 0, 0),
                    (-1, self.scratch.ctypes.data, 0, self.scratch.strides[0], 0, 0),
                    (-1, self.partial.ctypes.data, 0, 0, 0, 4),
                    COUNT,
                ],
            ),
            (raise_flag, [fixed(self.flags.ctypes.data), fixed(flag)]),
            (add_up, [fixed(self.partial.ctypes.data), fixed(self.total.ctypes.data), fixed(count)]),
            (add_up, [fixed(one.ctypes.data), fixed(self.steps.ctypes.data), fixed(1)]),
        ]
        forward = tiles(0, extent, tile)
        phases = [[*forward, (1, 2, 0, 0, 0)] if flag else forward, [(2, 3, 0, 0, 0)], [(3, 4, 0, 0, 0)]]
        self.plan = driver.make_plan(
            *table(rows),
            *schedule(phases, workers),
            self.slots,
            self.flags,
            first_update=2,
            control=pool.control,
        )

    def run(self) -> int:
        self.total[:] = 0
        return pool.run(self.plan.address, self.plan.workers)


def test_a_plan_computes_what_it_says() -> None:
    example = Example(1)
    assert example.run() == 0
    np.testing.assert_array_equal(example.y, example.x * example.x)
    np.testing.assert_allclose(example.total[0], (example.x.astype(np.float64) ** 2).sum(), rtol=1e-6)
    assert example.steps[0] == 1


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_the_number_of_workers_does_not_change_the_bits(workers: int) -> None:
    alone, together = Example(1), Example(workers)
    for _ in range(50):
        alone.run()
        together.run()
        assert together.total.tobytes() == alone.total.tobytes()
    assert together.y.tobytes() == alone.y.tobytes()
    assert together.steps[0] == 50
    assert pool.threads >= workers - 1


def test_slots_change_between_steps() -> None:
    example = Example(2)
    other = np.full_like(example.x, 3)
    example.run()
    example.slots[1] = other.ctypes.data
    example.run()
    assert (example.y == 9).all()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_raised_flag_skips_the_updates_only(workers: int) -> None:
    example = Example(workers, flag=77)
    for _ in range(20):
        assert example.run() == 77
    assert example.total[0] != 0, "the phase before the updates runs"
    assert example.steps[0] == 0, "the update does not"


@pytest.mark.parametrize("workers", [1, 2])
def test_phases_without_work_for_anyone(workers: int) -> None:
    flags, slots = np.zeros(1, np.int64), np.zeros(1, np.int64)
    head, coef = table([(raise_flag, [fixed(flags.ctypes.data), fixed(5)])])
    items, ranges = schedule([[], [(0, 1, 0, 0, 0)], []], workers)
    plan = driver.make_plan(head, coef, items, ranges, slots, flags, control=pool.control)
    assert pool.run(plan.address, workers) == 5


@pytest.mark.parametrize("arity", [64, 40])
def test_many_arguments(arity: int) -> None:
    out, flags = np.zeros(1, np.int64), np.zeros(1, np.int64)
    arguments = [fixed(out.ctypes.data), *(fixed(10 * k) for k in range(1, arity))]
    head, coef = table([(weigh, arguments)])
    items, ranges = schedule([[(0, 1, 0, 0, 0)]], 1)
    plan = driver.make_plan(head, coef, items, ranges, flags.copy(), flags)
    driver.step(plan.address)
    assert out[0] == 10 + 140 + 930 + (2520 if arity == 64 else 0)


def test_a_row_with_too_many_arguments_is_refused() -> None:
    head, coef = np.array([[1, 65]], np.int64), np.zeros((1, 65, 6), np.int64)
    items, ranges = schedule([[(0, 1, 0, 0, 0)]], 1)
    with pytest.raises(ValueError, match="64 arguments"):
        driver.make_plan(head, coef, items, ranges, np.zeros(1, np.int64), np.zeros(1, np.int64))


def test_steps_from_several_python_threads() -> None:
    examples = [Example(2, extent=300 + i) for i in range(4)]

    def work(example: Example) -> None:
        for _ in range(200):
            example.run()

    threads = [threading.Thread(target=work, args=(example,)) for example in examples]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for example in examples:
        assert example.steps[0] == 200
        np.testing.assert_array_equal(example.y, example.x * example.x)


def test_an_idle_pool_burns_no_processor_time() -> None:
    Example(2).run()
    time.sleep(0.1)  # spinning ends, sleeping begins
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05


def test_the_pool_starts_again_after_a_stop() -> None:
    example = Example(3)
    example.run()
    pool.stop()
    assert pool.threads == 0
    example.run()
    assert example.steps[0] == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of forks of processes with threads
def test_a_forked_child_has_its_own_threads() -> None:
    example = Example(2)
    example.run()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if pool.threads == 0 and example.run() == 0 and example.steps[0] == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    example.run()
    assert example.steps[0] == 2


EXIT_WHILE_POOL_LIVES = """
import sys
sys.path.insert(0, {folder!r})
import test_cpu_driver
example = test_cpu_driver.Example(3)
for _ in range(10):
    example.run()
print("done")
"""


def test_the_interpreter_exits_cleanly_with_threads_asleep() -> None:
    code = EXIT_WHILE_POOL_LIVES.format(folder=os.path.dirname(__file__))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "done", "")


def test_the_number_of_workers_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHAPEWRIGHT_THREADS", "3")
    assert default_workers() == 3
    monkeypatch.setenv("SHAPEWRIGHT_THREADS", "many")
    with pytest.raises(OptionError, match="SHAPEWRIGHT_THREADS"):
        default_workers()
    monkeypatch.delenv("SHAPEWRIGHT_THREADS")
    assert 1 <= default_workers() <= 8
