"""The GPU script, run in the simulator at tiny sizes: that it finds what it says, and tells it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `benchmarks` and `tests` are no part of the package

from tests.cuda import gpu
from tests.cuda.gpu_graphs import off
from tests.cuda.gpu_sections import Outcome

IN_SIMULATOR = [*gpu.SECTIONS, *gpu.OTHERS]


@pytest.mark.slow
def test_every_section_passes_in_the_simulator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = gpu.main(["--simulator", "--seed", "3", "--results", str(tmp_path), "--jobs", "2"])
    printed = capsys.readouterr().out
    assert status == 0, printed
    (log,) = tmp_path.glob("gpu-tests-simulator-*.log")
    for name in IN_SIMULATOR:
        assert f"| {name} | {'skipped' if name == 'sanitizer' else 'passed'} |" in printed
    assert f"{len(IN_SIMULATOR) - 1} passed, 0 failed, 1 skipped" in printed
    assert "CUDA simulator" in printed and "seed 3" in printed
    assert "== ops\n" in log.read_text() and "as it should be: error[SW301]" in log.read_text()


def told(monkeypatch: pytest.MonkeyPatch, results: Path, *programs: str) -> int:
    """The exit status of a run whose only section is Python programs, one per share."""
    monkeypatch.setitem(gpu.SECTIONS, "bits", ("", "", len(programs)))

    def command(self: gpu.Run, name: str, share: str) -> list[str]:
        return [sys.executable, "-c", programs[int(share.partition("/")[0])]]

    monkeypatch.setattr(gpu.Run, "_command", command)
    return gpu.main(["--simulator", "--only", "bits", "--results", str(results)])


def said(outcome: Outcome) -> str:
    return f"print({json.dumps(outcome.as_json())!r})"


def test_failures_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = said(Outcome(checked=3, note="all of it", digest="1"))
    assert told(monkeypatch, tmp_path, good, good) == 0
    assert "| bits | passed | 7 |" in capsys.readouterr().out
    assert told(monkeypatch, tmp_path, good, said(Outcome(3, ["two of them"], digest="1"))) == 1
    assert "two of them" in capsys.readouterr().out
    assert told(monkeypatch, tmp_path, good, said(Outcome(3, digest="2"))) == 1
    assert "processes differ: ['1', '2']" in capsys.readouterr().out
    assert told(monkeypatch, tmp_path, good, "raise SystemExit('lost the device')") == 1
    assert "ended with status 1: lost the device" in capsys.readouterr().out
    assert told(monkeypatch, tmp_path, said(Outcome(skipped="no data"))) == 0
    assert "| bits | skipped | 0 |" in capsys.readouterr().out


def test_without_a_device_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(env: dict[str, str]) -> gpu.Facts:
        return {"missing": ["an NVIDIA GPU"], "device": ""}

    monkeypatch.setattr(gpu, "facts_of", nothing)
    assert gpu.main(["--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("skipped: there is no CUDA device to test on; missing: an NVIDIA GPU")
    assert list(tmp_path.iterdir()) == []


def test_results_are_compared_with_float64() -> None:
    exact = np.linspace(-3, 3, 9)
    single = exact.astype(np.float32)
    assert off(single, exact, 200) == ""
    assert "off by" in off(single + np.float32(1e-3), exact, 200)
    assert "shape" in off(single[:3], exact, 200)
    broken = single.copy()
    broken[4] = np.nan
    assert off(broken, exact, 200)
    assert off(np.arange(3), np.array([0, 1, 3]), 200) == "1 of 3 elements differ"
    assert off(np.array([np.nan, np.inf], np.float32), np.array([np.nan, np.inf]), 200) == ""
