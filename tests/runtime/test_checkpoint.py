"""Saving and loading: bit-equal continuation, atomic files, all-or-nothing loading, errors that name everything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright
from shapewright.compiler.errors import CheckpointError
from shapewright.runtime.optim import SGD, Adam
from shapewright.runtime.options import Options
from shapewright.runtime.trainer import ScalarTrainer

from . import models
from .conftest import Make

STEPS = 20


def make(options: Options, **more: Any) -> ScalarTrainer[models.MLP, Any, Any]:
    return ScalarTrainer(models.mlp(), models.dropout_loss, options, **more)


def run(trainer: ScalarTrainer[models.MLP, Any, Any], first: int, last: int) -> list[float]:
    out: list[float] = []
    for t in range(first, last):
        step = trainer.adam_step if t % 2 else trainer.adamw_step
        out.append(float(step(*models.class_data(seed=t), lr=0.01 * (1 + t))))
    return out


def test_resuming_gives_the_same_bits(options: Make, tmp_path: Path) -> None:
    whole = make(options(seed=7))
    losses = run(whole, 0, STEPS)
    first, second = make(options(seed=7)), make(options(seed=1))
    assert run(first, 0, STEPS // 2) == losses[: STEPS // 2]
    first.save(tmp_path / "half.safetensors")
    second.load(tmp_path / "half.safetensors")
    assert second.steps == STEPS // 2
    assert run(second, STEPS // 2, STEPS) == losses[STEPS // 2 :]
    for a, b in zip(whole.get_params().leaves(), second.get_params().leaves(), strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


RESUME = """
import sys
from tests.runtime.test_checkpoint import STEPS, make, run
from shapewright.runtime.options import Options
trainer = make(Options(backend=sys.argv[1], seed=99))
trainer.load(sys.argv[2])
print([x.hex() for x in run(trainer, STEPS // 2, STEPS)])
"""


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_resuming_in_a_new_process_gives_the_same_bits(backend: Any, tmp_path: Path) -> None:
    trainer = make(Options(backend=backend, seed=7))
    run(trainer, 0, STEPS // 2)
    trainer.save(tmp_path / "half.safetensors")
    want = [x.hex() for x in run(trainer, STEPS // 2, STEPS)]
    package = Path(str(shapewright.__file__)).parents[1]
    paths = [str(Path(__file__).parents[2]), str(package), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", RESUME, backend, str(tmp_path / "half.safetensors")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == repr(want)


TWICE = """
import sys
from tests.runtime.test_checkpoint import STEPS, make, run
from shapewright.runtime.options import Options
trainer = make(Options(backend=sys.argv[1], seed=7))
losses = [x.hex() for x in run(trainer, 0, STEPS)]
print(losses, [a.numpy().tobytes().hex() for a in trainer.get_params().leaves()])
"""


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_two_runs_give_the_same_bits(backend: Any) -> None:
    """In two processes, with other hash seeds and another number of workers."""
    package = Path(str(shapewright.__file__)).parents[1]
    paths = [str(Path(__file__).parents[2]), str(package), os.environ.get("PYTHONPATH", "")]
    seen: set[str] = set()
    for seed, workers in (("1", "1"), ("2", "2")):
        more = {"PYTHONHASHSEED": seed, "SHAPEWRIGHT_THREADS": workers, "PYTHONPATH": os.pathsep.join(paths)}
        done = subprocess.run(
            [sys.executable, "-c", TWICE, backend],
            capture_output=True,
            text=True,
            env={**os.environ, **more},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1


def test_the_state_dict_is_a_copy_and_goes_back(options: Make) -> None:
    trainer = make(options(seed=3), optimizer=SGD(momentum=0.9))
    for t in range(3):
        trainer.step(*models.class_data(seed=t), lr=0.1)
    state = trainer.state_dict()
    assert (state["step"], state["seed"]) == (3, 3)
    assert state["optimizers"]["sgd"]["t"] == 3
    assert set(state["optimizers"]["sgd"]["slots"]["momentum"]) == {"w1", "b1", "w2", "b2"}
    data = models.class_data(seed=9)
    want = float(trainer.step(*data, lr=0.1))
    trainer.adam_step(*data, lr=0.1)
    trainer.load_state_dict(state)
    assert float(trainer.step(*data, lr=0.1)) == want
    assert "adam" not in trainer.state_dict()["optimizers"]


def test_another_backend_can_load(tmp_path: Path) -> None:
    eager, compiled = make(Options(backend="eager")), make(Options(backend="compiled"))
    run(eager, 0, 3)
    eager.save(tmp_path / "a.safetensors")
    compiled.load(tmp_path / "a.safetensors")
    for a, b in zip(run(eager, 3, 6), run(compiled, 3, 6), strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_another_model_is_refused_with_every_name_and_shape(options: Make, tmp_path: Path) -> None:
    trainer = make(options(), optimizer=Adam())
    trainer.step(*models.class_data(), lr=0.1)
    trainer.save(tmp_path / "mlp.safetensors")
    other = ScalarTrainer(models.line(), models.line_loss, options())
    with pytest.raises(CheckpointError, match="does not fit this trainer") as error:
        other.load(tmp_path / "mlp.safetensors")
    for text in ("parameter 'w' is missing: expected float32[5]", "'w1' is unknown: found float32[5, 7]", "adam m of"):
        assert text in str(error.value)
    assert other.params["w"].host.tolist() == [0.0] * 5
    frozen = make(options(), optimizer=Adam(), requires_grad=[True, False, True, True])
    with pytest.raises(CheckpointError, match="does not fit"):
        frozen.load(tmp_path / "mlp.safetensors")


def test_loading_is_all_or_nothing(options: Make) -> None:
    trainer = make(options(), optimizer=Adam())
    trainer.step(*models.class_data(), lr=0.1)
    state, before = trainer.state_dict(), trainer.state_dict()
    state["params"]["w1"] = np.zeros_like(state["params"]["w1"])
    state["optimizers"]["adam"]["slots"]["v"]["b2"] = np.zeros(99, np.float32)
    with pytest.raises(
        CheckpointError, match=r"adam v of parameter 'b2': expected float32\[3\], found float32\[99\]|does not fit"
    ):
        trainer.load_state_dict(state)
    with pytest.raises(CheckpointError, match="not a state"):
        trainer.load_state_dict({"params": {}})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType] - refused at call time too
    after = trainer.state_dict()
    assert all(np.array_equal(v, after["params"][k]) for k, v in before["params"].items())
    trainer.step(*models.class_data(), lr=0.1)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, path = make(Options(backend="eager")), tmp_path / "a.safetensors"
    trainer.save(path)
    old = path.read_bytes()
    run(trainer, 0, 1)

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CheckpointError, match="No space left"):
        trainer.save(path)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]  # nothing is left lying about


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    trainer = make(Options(backend="eager"))
    with pytest.raises(CheckpointError, match=r"other\.bin"):
        trainer.load(path)
    with pytest.raises(CheckpointError, match="cannot read"):
        trainer.load(tmp_path / "missing")
    with pytest.raises(CheckpointError, match="cannot write"):
        trainer.save(tmp_path / "no" / "such" / "folder")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    trainer, path = make(Options(backend="eager")), tmp_path / "a.safetensors"
    trainer.save(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="cannot read"):
        trainer.load(path)


def test_the_file_can_be_read_without_this_library(tmp_path: Path) -> None:
    from safetensors import numpy as files

    trainer = make(Options(backend="eager"))
    run(trainer, 0, 2)
    trainer.save(tmp_path / "a.safetensors")
    load: Any = cast("Any", files).load_file
    tensors = load(tmp_path / "a.safetensors")
    assert set(tensors) >= {"params/w1", "optimizer/adam/m/w1", "optimizer/adam/v/b2"}
    assert np.array_equal(tensors["params/w1"], trainer.params["w1"].host)
