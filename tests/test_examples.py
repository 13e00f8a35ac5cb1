"""Every example runs in a process of its own, and prints what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
NEEDS_DATA = {"digits_mlp", "flop_counter", "certify_digits"}


def run_example(name: str) -> str:
    """Standard output of an example, run as a user would."""
    if name in NEEDS_DATA:
        pytest.importorskip("sklearn", reason="scikit-learn (the extra `data`) is not installed")
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern!r} not in:\n{text}"
    return float(found[1])


def test_every_example_is_tested() -> None:
    here = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'run_example("{path.stem}")' in here, f"{path.name} has no test"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 80


def test_linear_regression() -> None:
    out = run_example("linear_regression")
    assert number(r"eager +loss (\S+)", out) < 2e-4
    assert number(r"compiled +loss (\S+)", out) < 2e-4
    assert re.search(r"weights +\[ 2\. +-1\. +0\.5 *\] intercept 3\.0", out), out
    assert "eager and compiled agree: True" in out


def test_digits_mlp() -> None:
    out = run_example("digits_mlp")
    assert number(r"test accuracy (\S+) on 360 images", out) >= 0.97


def test_flop_counter() -> None:
    out = run_example("flop_counter")
    matmul = 2 * 100 * 64 * 64 + 2 * 100 * 64 * 10
    adds, relu = 100 * 64 + 100 * 10, 100 * 64
    assert re.search(rf"matmul +{matmul:,}\b", out), out
    assert re.search(rf"add +{adds:,}\b", out), out
    assert re.search(rf"relu +{relu:,}\b", out), out
    assert f"{matmul + adds + relu:,} for 100 images" in out


def test_certify_digits() -> None:
    out = run_example("certify_digits")
    shares = [float(s) for s in re.findall(r"(\S+)% of test images certified", out)]
    assert len(shares) == 5
    assert shares[0] >= 97.0  # no perturbation: the accuracy
    assert shares == sorted(shares, reverse=True)
    assert 10.0 < shares[2] < shares[0]


def test_inspect_kernels() -> None:
    out = run_example("inspect_kernels")
    assert "program " in out and "phase 1" in out
    assert "sw.tanh(x @ p.w + p.b)" in out  # the user's line, in the listing
    assert "The file that is executed: " in out
    assert "def " in out
    assert re.search(r"\d+ FLOPs, \d+ bytes", out), out


def test_frozen_parameter() -> None:
    out = run_example("frozen_parameter")
    assert number(r"-> (\S+)", out) < 0.2 * number(r"loss (\S+) ->", out)
    assert out.count("True") == 3
