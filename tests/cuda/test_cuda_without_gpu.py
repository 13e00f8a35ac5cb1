"""A machine without a GPU, and without the simulator: what is refused and how, what can be read, what is not imported."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MODEL = """
import os, sys
import numpy as np
import shapewright as sw
from shapewright import digits

rng = np.random.default_rng(0)
x = sw.Tensor[digits.Batch, digits.Pixels](rng.random((8, 64), np.float32))
y = sw.IntTensor[digits.Batch](rng.integers(0, 10, 8))
def trainer(**options):
    return sw.ScalarTrainer(digits.initial(), digits.loss, sw.Options(**options))
"""


NO_DRIVER = """
import ctypes
class CDLL(ctypes.CDLL):
    def __init__(self, name, *args, **kwargs):
        if name and ("libcuda.so" in str(name) or "nvcuda" in str(name)):
            raise OSError("no driver in this test")
        super().__init__(name, *args, **kwargs)
ctypes.CDLL = CDLL
"""


def python(folder: Path, code: str, *, simulator: bool = False) -> str:
    """Standard output of a script in a new interpreter that sees the same packages, and loads no driver."""
    path = [str(ROOT), *(p for p in sys.path if p)]
    script = folder / "train.py"
    script.write_text(f"import sys; sys.path[:] = {path!r}\n{NO_DRIVER}{MODEL}{code}")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1" if simulator else "0"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


REFUSED = """
def says(make):
    try:
        make()
    except sw.DeviceError as error:
        assert error.code == "SW601", error.code
        assert "train.py" in str(error), error
        print(error)
        return
    raise SystemExit("it was made")

for backend in ("compiled", "eager"):
    says(lambda: trainer(device="cuda", backend=backend))
says(lambda: sw.jit(digits.loss, sw.Options(device="cuda")))
print("on the CPU:", float(trainer().step(x, y, lr=0.1)) > 0)
"""


def test_a_trainer_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    out = python(tmp_path, REFUSED)
    for text in (
        'device "cuda" is not available on this machine',
        "missing: the NVIDIA driver (libcuda.so.1)",
        "install the NVIDIA driver, 580 or newer",
        'or use sw.Options(device="cpu")',
        "NUMBA_ENABLE_CUDASIM=1 runs the kernels in Python, without a GPU",
        "on the CPU: True",
    ):
        assert text in out, out
    assert out.count("error[SW601]") == 3
    if "missing: numba-cuda" in out:
        assert "pip install 'shapewright[cuda13]'" in out


READ = """
graph = sw.record(digits.loss, digits.initial(), x, y)
for program in (
    sw.compile(graph, sw.Options(device="cuda")),
    trainer().lower(x, y, method="adamw_step", device="cuda"),
):
    assert program.target == "cuda"
    assert "from shapewright.runtime.cuda.support import" in program.source
    assert "@jit(launch_bounds=" in program.source and "cuda.threadIdx.x" in program.source
    assert "matmul" in program.listing() and "x 256" in program.listing()
    assert {k.target for k in program.kernels} == {"cuda"}
    assert program.memory.arena > 0
    compile(program.source, "kernels", "exec")
unread = [m for m in sys.modules if m.partition(".")[0] in ("numba", "numba_cuda", "cuda", "llvmlite")]
print(unread)
"""


def test_programs_can_be_made_and_read(tmp_path: Path) -> None:
    """Their text is the compiler's work alone: no Numba at all is imported."""
    assert python(tmp_path, READ).strip() == "[]"


TRAIN = """
for backend in ("eager", "compiled"):
    made = trainer(backend=backend)
    for _ in range(2):
        made.adam_step(x, y, lr=0.01)
    made.get_params()
sw.jit(digits.loss)(digits.initial(), x, y)
names = ("numba.cuda", "numba_cuda", "cuda.bindings", "cuda", "nvmath")
print([m for m in sys.modules if any(m == n or m.startswith(n + ".") for n in names)])
print([m for m in sys.modules if m.startswith("shapewright.runtime.cuda")])
"""
LIGHT = {"dlpack", "inputs"}  # what is looked at for every input: whether it lives on a device


def test_the_cpu_imports_nothing_of_cuda(tmp_path: Path) -> None:
    for simulator in (False, True):
        packages, own = python(tmp_path, TRAIN, simulator=simulator).strip().splitlines()
        assert packages == "[]"
        found = {m.removeprefix("shapewright.runtime.cuda").lstrip(".") for m in ast.literal_eval(own)} - {""}
        assert found <= LIGHT


SIMULATED = """
made = trainer(device="cuda")
losses = [float(made.step(x, y, lr=0.1)) for _ in range(3)]
twin = trainer(backend="eager")
np.testing.assert_allclose(losses, [float(twin.step(x, y, lr=0.1)) for _ in range(3)], rtol=1e-5)
print(made)
"""


def test_the_simulator_needs_no_driver(tmp_path: Path) -> None:
    assert "backend compiled on cuda, 3 steps" in python(tmp_path, SIMULATED, simulator=True)
