"""The promised surface of a trainer: every method, on both backends, in both precisions; and no name that does nothing."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw

from . import models
from .conftest import Make
from .models import assert_close, ints, reals

METHODS = [
    "forward", "backward", "value_and_grad", "step", "adam_step", "adamw_step", "apply_grads", "step_many",
    "get_params", "params", "state_dict", "load_state_dict", "save", "load", "lower", "program",
]  # fmt: skip
LATER = [
    "RMSprop", "Adagrad", "Lion", "jvp", "hvp", "jacobian", "checkpoint", "scan", "cond", "conv1d", "conv2d", "conv3d",
    "max_pool2d", "avg_pool2d", "lstm", "gru", "rfft", "irfft", "debug_print", "cumsum", "sort", "topk",
    "multi_head_attention",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_method_of_the_trainer(options: Make, dtype: Any, tmp_path: Path) -> None:
    wide: Any = np.dtype(dtype).type
    tolerance = {"float32": 2e-5, "float64": 1e-11}[dtype]
    pack, (x, y) = models.mlp(dtype=wide), models.class_data(dtype=wide)
    want, grads = sw.value_and_grad(models.mlp_loss)(pack, x, y)

    def made() -> Any:
        return sw.ScalarTrainer(models.mlp(dtype=wide), models.mlp_loss, options(dtype=dtype))

    def near(a: Any, b: Any) -> None:
        assert type(a) is type(b)
        for p, q in zip(a.leaves(), b.leaves(), strict=True):
            assert p.dtype == q.dtype == dtype
            assert_close(p.numpy(), q.numpy(), rtol=tolerance, atol=tolerance)

    trainer = made()
    values: list[Any] = [trainer.forward(x, y), trainer.value_and_grad(x, y)[0]]
    for value in values:
        assert value.dtype == dtype
        assert float(value) == pytest.approx(float(want), rel=tolerance)
    near(trainer.backward(x, y), grads)
    near(trainer.value_and_grad(x, y)[1], grads)
    near(trainer.get_params(), pack)

    optimizers = {"step": sw.optim.SGD(), "adam_step": sw.optim.Adam(), "adamw_step": sw.optim.AdamW()}
    for method, optimizer in optimizers.items():
        trainer, cells = made(), sw.ParamList.from_tensors(pack)
        optimizer.step(cells, grads, optimizer.init(cells), lr=0.1)
        loss = getattr(trainer, method)(x, y, lr=0.1)
        assert float(loss) == pytest.approx(float(want), rel=tolerance)
        near(trainer.get_params(), cells.values())
        near(trainer.params.values(), cells.values())
        if method == "step":
            applied, many = made(), made()
            applied.apply_grads(applied.backward(x, y), lr=0.1)
            near(applied.get_params(), cells.values())
            assert [float(v) for v in many.step_many([(x, y)], lr=[0.1])] == [float(loss)]
            near(many.get_params(), trainer.get_params())

    trainer.save(tmp_path / "t.safetensors")
    loaded, given = made(), made()
    loaded.load(tmp_path / "t.safetensors")
    given.load_state_dict(trainer.state_dict())
    for other in (loaded, given):
        twin = made()
        twin.load_state_dict(trainer.state_dict())
        assert float(other.adamw_step(x, y, lr=0.1)) == float(twin.adamw_step(x, y, lr=0.1))
        for p, q in zip(other.get_params().leaves(), twin.get_params().leaves(), strict=True):
            assert np.array_equal(p.numpy(), q.numpy())
    if options().backend == "eager":
        with pytest.raises(sw.CompileError, match="eager"):
            trainer.lower(x, y)
    else:
        program = trainer.lower(x, y, method="adamw_step")
        trainer.adamw_step(x, y, lr=0.1)
        assert trainer.program is program


def test_every_promised_name_of_the_trainer_is_there() -> None:
    assert [m for m in METHODS if not hasattr(sw.ScalarTrainer, m)] == []
    assert [m for m in METHODS if not hasattr(sw.StateTrainer, m)] == []
    assert "state" in dir(sw.StateTrainer)


def test_every_name_of_the_package_is_something() -> None:
    missing = [n for n in sw.__all__ if getattr(sw, n, None) is None]
    assert missing == []
    assert len(set(sw.__all__)) == len(sw.__all__)


@pytest.mark.parametrize("name", LATER)
def test_what_is_not_here_yet_does_not_exist(name: str) -> None:
    """No name that raises when it is used."""
    assert not hasattr(sw, name)
    assert not hasattr(sw.optim, name)


def test_no_function_is_a_stub() -> None:
    root = Path(sw.__file__).parent
    stubs = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|[Nn]ot implemented")
    found = [
        f"{path.name}:{i}"
        for room in ("dsl", "compiler", "runtime")
        for path in sorted((root / room).rglob("*.py"))
        for i, line in enumerate(path.read_text().splitlines(), 1)
        if stubs.search(line)
    ]
    assert found == []


# ---- structure of what is given
def test_wrong_order_length_or_shape_at_call_time(options: Make) -> None:
    """A TList, a ParamList, a pack and a Param: exchanged, short, long, or of another shape."""
    w1, b1, w2, b2 = models.mlp().leaves()
    listed = sw.TList(w1, b1, w2, b2)
    short, long = sw.TList(w1, b1, w2), sw.TList(w1, b1, w2, b2, b2)
    turned, other = sw.TList(b1, w1, w2, b2), sw.TList(w1, b1, w2, w2)
    bad: list[Any] = [short, long, turned, other]

    @sw.typed
    def of_list(
        p: sw.TList[
            sw.Tensor[models.Features, models.Hidden],
            sw.Tensor[models.Hidden],
            sw.Tensor[models.Hidden, models.Classes],
            sw.Tensor[models.Classes],
        ],
        x: sw.Tensor[models.Batch, models.Features],
    ) -> sw.Scalar:
        h: Any = sw.tanh(x @ p[0] + p[1])
        return cast("sw.Scalar", (h @ p[2] + p[3]).mean())

    x, y = models.class_data()
    for value in bad:
        with pytest.raises(sw.ShapeError, match=r"test_contract\.py"):
            of_list(value, x)
        with pytest.raises(sw.ShapeError, match=r"test_contract\.py"):
            trainer: Any = sw.ScalarTrainer(value, of_list, options())
            trainer.step(x, lr=0.1)
    trainer = sw.ScalarTrainer(cast("Any", listed), of_list, options())
    assert math.isfinite(float(trainer.step(x, lr=0.1)))
    for value in bad:
        with pytest.raises(sw.ShapeError, match=r"test_contract\.py"):
            trainer.params.set_values(value)
        with pytest.raises(sw.ShapeError, match=r"test_contract\.py"):
            trainer.apply_grads(value, lr=0.1)
    loose: Any = models.MLP
    for leaves in ((b1, w1, w2, b2), (w1, b1, w2), (w1, b1, w2, reals(np.zeros((3, 3), np.float32)))):
        with pytest.raises(sw.ShapeError, match=r"test_contract\.py"):
            loose(*leaves)
    pack: Any = sw.ScalarTrainer(models.mlp(), models.mlp_loss, options())
    with pytest.raises(sw.ShapewrightError, match=r"test_contract\.py"):
        pack.params.set_values(listed)  # the tensors fit; the list is not the pack
    cell = pack.params["b1"]
    for value in (b2, w1, ints([1] * models.HIDDEN), 1.0):
        with pytest.raises(sw.ShapewrightError, match=r"test_contract\.py"):
            cell.value = value
    with pytest.raises(sw.DTypeError, match=r"\.value"):
        pack.step(x, cell, lr=0.1)
    assert math.isfinite(float(pack.step(x, y, lr=0.1)))


# ---- programs
def test_what_a_program_and_a_kernel_say() -> None:
    trainer = sw.ScalarTrainer(models.mlp(), models.mlp_loss, sw.Options(), optimizer=sw.optim.Adam())
    program = trainer.lower(*models.class_data())
    trainer.step(*models.class_data(), lr=0.1)
    assert trainer.program is program
    assert program.phases >= 2
    assert program.memory.arena > 0
    assert program.graph.name == "mlp_loss_step"
    listing = program.listing()
    for kernel in program.kernels:
        assert kernel.name in listing
        assert f"def {kernel.name}(" in kernel.source
        assert Path(str(kernel.path)).read_text().count(kernel.source) == 1  # the text of the file that is executed
        assert kernel.flops >= 0
        assert kernel.bytes > 0
        assert kernel.why
        assert "define" in kernel.llvm
        assert len(kernel.asm.splitlines()) > 5
        for line in kernel.user_lines:
            written = Path(line.file).read_text().splitlines()[line.line - 1]
            assert line.text == written.strip()
            assert line.role in ("forward", "backward", "update")
    assert any(kernel.user_lines for kernel in program.kernels)
    text = str(sw.inspect(trainer))
    assert all(kernel.source in text for kernel in program.kernels)
    assert str(sw.inspect(program)) == text
