"""`shapewright demo`: what it promises on the screen, and what it does when it cannot."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from shapewright.runtime import demo
from shapewright.runtime.cli import app

pytest.importorskip("sklearn", reason="scikit-learn (the extra `data`) is not installed")


def test_demo_shows_the_main_job() -> None:
    result = CliRunner().invoke(app, ["demo"])
    out = result.output
    assert result.exit_code == 0, out
    accuracy = re.search(r"test accuracy +compiled (\S+) +eager (\S+)", out)
    assert accuracy is not None
    assert min(float(accuracy[1]), float(accuracy[2])) >= demo.GOAL
    assert re.search(r"compiled +\S* +40/40", out), out
    assert re.search(r"time per step +compiled \d+ us +eager \d+ us", out), out
    for title in ("a forward kernel: ", "a backward kernel: ", "the optimizer's kernel: "):
        assert title in out
    assert out.count("@njit(") == 3
    assert re.search(r"from digits.py:\d+ +h = sw.relu\(x @ p.w1 \+ p.b1\) +\(forward\)", out), out
    assert "(backward)" in out and "(update)" in out


def test_demo_fails_when_it_has_not_learned() -> None:
    result = CliRunner().invoke(app, ["demo", "--epochs", "1", "--no-kernels"])
    assert result.exit_code == 1
    assert "below 0.97" in result.output
    assert "@njit" not in result.output


def test_split_is_fixed_and_holds_every_image_once() -> None:
    split = demo.load_split()
    assert (len(split.y), len(split.y_test)) == (1437, 360)
    again = demo.load_split()
    assert (split.x_test == again.x_test).all() and (split.y == again.y).all()
    seen = [rows for _, rows in split.batches(0)]
    assert sum(map(len, seen)) == 1437
    assert [len(rows) for rows in seen[-2:]] == [64, 29]
