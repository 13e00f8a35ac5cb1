"""The benchmarks compute what they say: our peers against float64 references. Nothing is timed, no peer is needed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import shapewright

sys.path.append(str(Path(__file__).resolve().parents[1]))  # `benchmarks` is no part of the package

from benchmarks import gpu, gpu_peers, gpu_report, gpu_workloads, reference, typed_calls
from benchmarks.gpu_report import Report, Result, Times
from benchmarks.gpu_workloads import WORKS, sampled, sized
from benchmarks.peers import BY_NAME, OURS, PEERS, Running, shapewright_cpu, shapewright_gpu
from benchmarks.processes import environment
from benchmarks.report import Row, Timing, as_markdown, duration, write_section
from benchmarks.worker import Ready
from benchmarks.workloads import CHECK_STEPS, WORKLOADS, Array, Workload, make_data
from shapewright.runtime.cuda.folders import installed

SMALL = {
    "W1": WORKLOADS["W1"],
    "W2": replace(WORKLOADS["W2"], rows=16, widths=(20, 12, 8, 5)),
    "W6": replace(WORKLOADS["W6"], rows=3, widths=(20, 30)),
    "W7": replace(WORKLOADS["W7"], rows=24),
}


def run(running: Running | gpu_peers.Running, steps: int = CHECK_STEPS) -> tuple[list[float], list[Array]]:
    """What a worker does before it reports."""
    losses = list[float]()
    for _ in range(steps):
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


# ---- the GPU's rows, on the CPU or in the simulator


def small_answer(work: gpu_workloads.Work, form: str) -> tuple[list[float], list[Array]]:
    """Losses and samples of results of our peer at the smoke size."""
    losses, results = run(shapewright_gpu.make(work, gpu_workloads.make_data(work), form), gpu_workloads.CHECK_STEPS)
    return losses, sampled(results)


def wrong_in(work: gpu_workloads.Work, losses: list[float], results: list[Array]) -> list[str]:
    right_losses, right = small_answer(work, "reference")
    answer = gpu_workloads.Answer(tuple(right_losses), tuple(np.asarray(r, np.float64) for r in right))
    return gpu_workloads.disagreements(
        work, sampled(gpu_workloads.make_data(work).params), answer, losses, results
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name, work in WORKS.items() if work.precision == "fp32"])
def test_our_gpu_rows_agree_with_float64(name: str) -> None:
    work = sized(WORKS[name], smoke=True)
    assert wrong_in(work, *small_answer(work, "cpu")) == []


def test_a_peer_that_computes_something_else_is_found() -> None:
    work = sized(WORKS["mlp-256"], smoke=True)
    losses, results = small_answer(work, "cpu")
    assert "loss 1" in wrong_in(work, [losses[0], 1.001 * losses[1]], results)[0]
    moved: list[Array] = [np.asarray(r, np.float32) + np.float32(1e-4) for r in results]
    assert wrong_in(work, losses, moved)[0].startswith("results")
    assert wrong_in(replace(work, precision="tf32"), losses, results) == []
    assert wrong_in(work, losses[:1], results)[0].startswith("1 losses")


@pytest.mark.slow
def test_the_gpu_benchmark_runs_in_the_simulator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peers = ["shapewright", "jax-jit"]
    for row in ("mlp-2", "norm"):
        assert gpu.main(["--smoke", "--rows", row, "--peers", ",".join(peers), "--results", str(tmp_path)]) == 0
    (text,) = tmp_path.glob("gpu-smoke-*.md")
    (data,) = tmp_path.glob("gpu-smoke-*.json")
    report: Report = json.loads(data.read_text())
    assert set(report["rows"]) == {"mlp-2", "norm"}  # the second run keeps the first one's row
    assert text.read_text() in capsys.readouterr().out
    for result in report["rows"].values():
        assert not result["failed"]
        assert len(result["peers"]["shapewright"]["steps"]) == 1
        assert result["launches"]
        assert set(result["peers"]) | set(result["absent"]) == set(peers)


@pytest.mark.cuda_offline
@pytest.mark.skipif(installed("numba-cuda") is None, reason="numba-cuda is not installed (make test-cuda)")
def test_compile_times_are_measured_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--compile", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "| cold |" in printed and "| cached |" in printed and "`adam` " in printed


def result(copy: float | None, launches: int | None, *, absent: str = "", failed: str = "", **peers: Times) -> Result:
    """A row's result; names of peers with `_` in the place of `-`."""
    named = {name.replace("_", "-"): times for name, times in peers.items()}
    missing = {"jax-jit": absent} if absent else {}
    return Result(
        copy_bandwidth=copy, launches=launches, peers=named, absent=missing, failed={"x": failed} if failed else {}
    )


def times(*steps: float, replays: tuple[float, ...] = ()) -> Times:
    return Times(steps=list(steps), replays=list(replays), import_s=0.2, first_step_s=1.5)


def test_the_gpu_table_says_who_is_fastest_and_what_limits_us() -> None:
    us = 1e-6
    report = gpu_report.new_report("A GPU", smoke=False)
    report["rows"] = {
        "mlp-2": result(
            3e12, 12, shapewright=times(90 * us, 80 * us, 85 * us, replays=(30 * us,) * 3),
            torch_graph=times(*(50 * us,) * 3), torch_eager=times(*(900 * us,) * 3), absent="jax is not installed",
        ),
        "norm": result(
            2.9e12, 1, shapewright=times(*(9e-3,) * 3, replays=(100 * us, 96 * us, 90 * us)),
            torch_eager=times(*(120 * us,) * 3), absent="jax is not installed", failed="computes something else",
        ),
    }  # fmt: skip
    printed = gpu_report.as_markdown(report)
    tiny, norm = (line for line in printed.splitlines() if "| torch-" in line)
    assert "| 85.0 us | 30.0 us | torch-graph 50.0 us | 1.70 |" in tiny
    assert "host calls (launches (12) on the device)" in tiny
    assert "| 9.00 ms | 96.0 us | torch-eager 120 us | 0.80 |" in norm  # the graph alone: the step moves arrays as well
    assert norm.endswith("| memory | 2796 GB/s | 0.96 |")
    assert "| absent |" in printed
    assert "* jax-jit absent: jax is not installed (every row)" in printed
    assert "* x failed: computes something else (norm)" in printed
    assert "A GPU" in printed


def test_estimates_count_what_a_row_needs() -> None:
    adamw, norm, mlp, block = (WORKS[name] for name in ("adamw", "norm", "mlp-4096", "block"))
    assert adamw.bytes == 28 * 100_000_000
    assert norm.bytes == 2 * 8192 * 4096 * 4
    assert (mlp.parameters, block.parameters) == (3 * 4096 * 4097 + 40970, 7_087_872)
    assert abs(mlp.flops / (2 * 4096**4 * 8 / 4096) - 1) < 0.01  # three products of 4096 forward, five backward
    assert max(block.estimates(3e12, 50), key=block.estimates(3e12, 50).__getitem__) == "arithmetic"


def test_typed_calls_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed_calls.main(["--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [len(line.split("|")) for line in lines if line.startswith(("| three", "| a pack"))] == [7, 7, 7]
    assert any(line.startswith("| digits program") for line in lines)
    for name, bare, args, _, _ in typed_calls.calls():
        quick = shapewright.typed(bare)
        with typed_calls.judged_by("compiled"):
            for _ in range(3):
                quick(*args)
        assert quick.__code__.co_filename.startswith("<shapewright check"), name  # it is the quick one
