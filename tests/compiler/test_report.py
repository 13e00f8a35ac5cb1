"""Reports: from the user's lines to kernels and back, as text and as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import shapewright as sw
from shapewright.compiler.errors import CompileError
from shapewright.compiler.program import Program
from shapewright.runtime.options import Device
from shapewright.runtime.report import Report, inspect

from . import models


@pytest.fixture(scope="module")
def report() -> Report:
    return inspect(models.mlp())


def line_of(text: str) -> int:
    """The line of the example that contains a text."""
    lines = Path(models.__file__).read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


def test_lines_lead_to_kernels_and_back(report: Report) -> None:
    line = line_of("sw.relu(x @ p.w1 + p.b1)")
    kernels = report.kernels_for(line)
    assert {"relu", "relu_grad"} <= {k.name for k in kernels}
    assert report.kernels_for(f"models.py:{line}") == kernels
    assert report.kernels_for(f"other.py:{line}") == ()
    for k in kernels:
        assert line in {u.line for u in report.lines_for(k)}
        assert report.lines_for(k.name) == report.lines_for(k)
    assert {u.role for u in report.lines_for("relu_grad")} >= {"backward"}


def test_text_holds_listing_and_kernels(report: Report) -> None:
    text = str(report)
    assert text.startswith(report.program.listing())
    for k in report.program.kernels:
        assert k.source in text
        assert f"why: {k.why}" in text
    assert "relu: 1 call a step" in text


def test_json_is_the_same_report(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    report.to_json(path)
    data = json.loads(path.read_text())
    assert data["program"] == report.program.name
    assert data["phases"] == 2
    assert data["listing"] == report.program.listing()
    assert [k["name"] for k in data["kernels"]] == [k.name for k in report.program.kernels]
    assert [k["source"] for k in data["kernels"]] == [k.source for k in report.program.kernels]
    assert data["memory"]["arena"] < data["memory"]["unshared"]


def test_there_must_be_a_program() -> None:
    class Nothing:
        program: Program | None = None

    with pytest.raises(CompileError, match="no program to inspect") as caught:
        inspect(Nothing())
    assert caught.value.code == "SW504"


def test_unknown_kernels_are_named(report: Report) -> None:
    with pytest.raises(CompileError, match="no kernel nothing") as caught:
        report.lines_for("nothing")
    assert "relu_grad" in str(caught.value)


def test_what_has_no_program_is_refused() -> None:
    with pytest.raises(CompileError, match="int has no program to inspect"):
        sw.inspect(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the mistake under test
    with pytest.raises(CompileError, match="cannot compile int"):
        sw.compile(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the mistake under test


def test_memory_says_peak_and_reuse() -> None:
    memory = models.mlp().memory
    assert memory.peak == memory.arena < memory.unshared
    assert memory.reuse == pytest.approx(1 - memory.arena / memory.unshared)


class Wide(sw.Dim):
    size = 8


class Deep(sw.Pack):
    first_of_them: sw.Tensor[Wide, Wide]
    second: tuple[sw.Tensor[Wide, Wide], sw.Tensor[Wide, Wide], sw.Tensor[Wide, Wide], sw.Tensor[Wide, Wide]]


@sw.typed
def deep(p: Deep, x: sw.Tensor[Wide]) -> sw.Scalar:
    return sw.mean(
        sw.tanh(x * p.first_of_them + sw.exp(p.second[0] * x) + p.second[1] * p.second[2] + p.second[3] * x) ** 2.0
    )


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_updates_that_are_alike_are_one_row_and_no_line_is_long(device: Device) -> None:
    square = sw.ones((8, 8))
    start = Deep(square, (square, square, square, square))
    trainer = sw.ScalarTrainer(start, deep, optimizer=sw.optim.Adam(clip_norm=1.0))
    program = trainer.lower(sw.ones(8), device=device)
    text = program.listing()
    update = program.rows[-1].name
    listed = [line for line in text.splitlines() if line.split()[0] == update]
    assert sum(r.name == update for r in program.rows) > len(listed)
    assert all(f"(and those of {4 if device == 'cpu' else 3} more)" in line for line in listed)
    assert ("over Wide=8: whole (and 4 more)\n" in text) is (device == "cpu")
    assert max(map(len, text.splitlines())) < 165  # its kernels have long names
    assert ": sw.tanh(x * p.first_of_them + sw.exp(p.secon...\n" in text
