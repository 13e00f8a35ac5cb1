"""Row-wise operations are one kernel, forward and backward, with the row in registers: read once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import shapewright as sw
from shapewright.compiler.program import Program

from ..compiler.models import digits, mlp_trainer
from .models import Columns, Norm, Rows, label_program, norm, norm_program, rows, softmax_program
from .ptx_device import OFFLINE

PROGRAMS: dict[str, Callable[[], Program]] = {
    "layer norm": norm_program,
    "cross-entropy": label_program,
    "softmax": softmax_program,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_forward_and_backward_are_one_kernel(name: str) -> None:
    program = PROGRAMS[name]()
    wide = [k for k in program.kernels if "x" in k.reads]
    assert len(wide) == 1
    kernel = wide[0]
    assert "a row, in registers, four elements an access" in kernel.why
    assert kernel.source.count("load4(x_row") == 1
    assert {u.role for u in kernel.user_lines} == {"forward", "backward"}


def test_the_update_is_one_launch() -> None:
    trained = mlp_trainer().lower(*digits(64), device="cuda").listing()
    assert trained.count("adamw") == 1
    assert "(and those of b1, w2, b2)" in trained


def compiled(program: Program) -> list[tuple[str, str]]:
    return [(k.name, k.ptx) for k in program.kernels]


class TestDeviceCode:
    """What the compiled kernels look like."""

    pytestmark = OFFLINE

    @pytest.mark.parametrize("name", PROGRAMS)
    def test_wide_accesses_and_no_atomics(self, name: str) -> None:
        for label, ptx in compiled(PROGRAMS[name]()):
            assert "atom." not in ptx, label
            assert "red.global" not in ptx, label
        kernel = next(k for k in PROGRAMS[name]().kernels if "x" in k.reads)
        assert "ld.global.v4.f32" in kernel.ptx
        took = kernel.resources
        assert (took.spill_stores, took.spill_loads, took.stack) == (0, 0, 0)
        assert took.registers <= 128

    def test_the_optimizer_reads_and_writes_four_elements_at_a_time(self) -> None:
        program = mlp_trainer().lower(*digits(64), device="cuda")
        ptx = program.kernel("adamw").ptx
        assert ptx.count("ld.global.v4.f32") == 4
        assert ptx.count("st.global.v4.f32") == 3
        assert "selp" not in ptx

    def test_lines_of_the_kernel_are_in_its_ptx(self) -> None:
        kernel = mlp_trainer().lower(*digits(64), device="cuda").kernel("relu")
        ptx = kernel.ptx
        assert ".loc" in ptx
        assert kernel.path is not None
        assert kernel.path in ptx

    def test_long_bodies_are_written_out_too(self) -> None:
        """Vectors of one thread are registers, however much is done for each of four elements."""

        def long_loss(p: Norm, x: sw.Tensor[Rows, Columns]) -> sw.Scalar:
            y = x * p.gain
            for _ in range(12):
                y = sw.tanh(y * y) + sw.exp(-y * y) / (y * y + 1.0)
            return sw.sum(sw.softmax(y) * x)

        program = sw.ScalarTrainer(norm(), long_loss).lower(rows(6), method="forward", device="cuda")
        for kernel in program.kernels:
            assert kernel.resources.stack == 0, kernel
