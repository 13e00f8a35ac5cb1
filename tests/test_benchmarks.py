"""The benchmarks compute what they say: our peer against the float64 reference. Nothing is timed, no peer is needed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # `benchmarks` is no part of the package

from benchmarks import reference
from benchmarks.peers import BY_NAME, OURS, PEERS, Running, shapewright_cpu
from benchmarks.processes import environment
from benchmarks.report import Row, Timing, as_markdown, duration, write_section
from benchmarks.worker import Ready
from benchmarks.workloads import CHECK_STEPS, WORKLOADS, Array, Workload, make_data

SMALL = {
    "W1": WORKLOADS["W1"],
    "W2": replace(WORKLOADS["W2"], rows=16, widths=(20, 12, 8, 5)),
    "W6": replace(WORKLOADS["W6"], rows=3, widths=(20, 30)),
    "W7": replace(WORKLOADS["W7"], rows=24),
}


def run(running: Running) -> tuple[list[float], list[Array]]:
    """What `benchmarks.worker` does before it reports."""
    losses = list[float]()
    for _ in range(CHECK_STEPS):
        value = running.step()
        if running.loss is not None:
            losses.append(running.loss(value))
    running.sync()
    return losses, list(running.results())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("form", ["compiled", "eager"])
def test_our_peer_agrees_with_the_reference(name: str, form: str) -> None:
    workload = SMALL[name]
    data = make_data(workload)
    losses, results = run(shapewright_cpu.make(workload, data, form))
    answer = reference.solve(workload, data)
    assert reference.disagreements(workload, data, answer, losses, results) == []
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_data_are_the_same_in_every_process(workload: Workload) -> None:
    small = SMALL.get(workload.name, workload)
    first, second = make_data(small), make_data(small)
    for a, b in zip(first.params + first.inputs, second.params + second.inputs, strict=True):
        assert a.dtype in (np.float32, np.int64)
        assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("constant", "value"), [("WEIGHT_DECAY", 0.0), ("LR", 1.01e-3), ("BETAS", (0.8, 0.999)), ("EPS", 1e-5)]
)
def test_a_wrong_optimizer_is_found(monkeypatch: pytest.MonkeyPatch, constant: str, value: object) -> None:
    workload = SMALL["W1"]
    data = make_data(workload)
    right = reference.solve(workload, data)
    monkeypatch.setattr(reference, constant, value)
    wrong = reference.solve(workload, data)
    assert reference.disagreements(workload, data, right, wrong.losses, wrong.results)


def test_not_a_number_is_found() -> None:
    workload = SMALL["W7"]
    data = make_data(workload)
    answer = reference.solve(workload, data)
    results: list[Array] = [np.array(r) for r in answer.results]
    assert reference.disagreements(workload, data, answer, [], results) == []
    results[1] = np.full_like(results[1], np.nan)
    assert reference.disagreements(workload, data, answer, [], results)


def test_every_workload_has_a_peer_of_every_library() -> None:
    for workload in WORKLOADS.values():
        assert {p.package for p in PEERS if p.runs(workload)} == {"shapewright", "torch", "jax"}
    assert BY_NAME[OURS.name] is OURS


def test_workers_choose_their_own_blas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    env = environment(OURS, tmp_path)
    assert "OPENBLAS_NUM_THREADS" not in env
    assert env["OMP_NUM_THREADS"] == "2"


def test_the_table_quotes_medians_and_the_best_peer() -> None:
    def timing(*milliseconds: float) -> Timing:
        start: Ready = {"losses": [], "import_s": 0.5, "first_step_s": 2.0}
        return Timing(start, None, [ms * 1e-3 for ms in milliseconds], [0.0] * len(milliseconds))

    timings = {"shapewright": timing(1, 9, 2), "torch-eager": timing(8, 8, 8), "jax-jit": timing(4, 4, 4)}
    printed = as_markdown([Row(WORKLOADS["W2"], timings)])
    assert "| 2.00 ms | jax-jit 4.00 ms | 0.50 |" in printed
    assert "| 8.00 ms | 4.00 ms | 1.30 | 0.65 |" in printed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.9e-6, "1.90 us"), (6.81e-4, "681 us"), (0.0209, "20.9 ms"), (0.9996, "1.00 s"), (12.0, "12.0 s")],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_section_of_the_readme_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\ntext\n")
    write_section("Results", "old", readme)
    write_section("Compile time", "kept", readme)
    write_section("Results", "new\n\nlines", readme)
    assert readme.read_text() == "# Title\n\ntext\n\n## Results\n\nnew\n\nlines\n\n## Compile time\n\nkept\n"
    write_section("Compile time", "also new", readme)
    assert readme.read_text().endswith("lines\n\n## Compile time\n\nalso new\n")
