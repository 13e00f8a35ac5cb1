"""Optional things stay optional, and heavy things stay out of `import shapewright` until they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("numba", "llvmlite", "scipy", "rich", "typer", "safetensors", "sklearn", "matplotlib", "torch", "jax")
OPTIONAL = ("sklearn", "matplotlib", "torch", "jax", "numba_cuda", "hypothesis", "pytest", "pygls", "mypy")

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError("blocked by the test: " + name, name=name)
sys.meta_path.insert(0, Block())
"""

TRAIN = """
import numpy as np
import shapewright as sw

class Rows(sw.Dim): ...
class Features(sw.Dim): ...

class Line(sw.Pack):
    w: sw.Tensor[Features]

@sw.typed
def loss(p: Line, x: sw.Tensor[Rows, Features], y: sw.Tensor[Rows]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)

x = sw.Tensor[Rows, Features](np.ones((4, 2)))
y = sw.Tensor[Rows](np.ones(4))
trainer = sw.ScalarTrainer(Line(w=sw.Tensor[Features]([0.0, 0.0])), loss, sw.Options(backend="eager"))
before = float(trainer.step(x, y, lr=0.1))
after = float(trainer.forward(x, y))
assert after < before, (before, after)
print("trained")
"""


def python(code: str) -> str:
    """Standard output of a new interpreter that sees the same packages as this one."""
    path = [p for p in sys.path if p]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_leaves_heavy_modules_alone() -> None:
    """The budget of `import shapewright` (0.5 s), stated as what it may not load: a clock would be noise."""
    code = f"import shapewright, sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).split() == []


def test_the_check_above_can_fail() -> None:
    code = f"import shapewright, sys, scipy\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).split() == ["scipy"]


def test_eager_training_needs_no_optional_package() -> None:
    assert python(BLOCK.format(blocked=OPTIONAL) + TRAIN) == "trained\n"


@pytest.mark.parametrize("name", OPTIONAL)
def test_import_without(name: str) -> None:
    code = BLOCK.format(blocked=(name,)) + "import shapewright\nprint(len(shapewright.__all__) > 50)"
    assert python(code) == "True\n"


def test_demo_without_scikit_learn_says_what_to_install() -> None:
    code = BLOCK.format(blocked=("sklearn",)) + (
        "from shapewright.__main__ import main\n"
        "sys.argv = ['shapewright', 'demo']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    print('exit', stop.code)"
    )
    out = python(code)
    assert "pip install 'shapewright[data]'" in out
    assert "exit 1" in out


def test_language_server_without_pygls_says_what_to_install() -> None:
    code = BLOCK.format(blocked=("pygls",)) + (
        "import io\n"
        "from shapewright.__main__ import main\n"
        "sys.argv = ['shapewright', 'lsp']\n"
        "sys.stderr = io.StringIO()\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    print('exit', stop.code)\n"
        "print(sys.stderr.getvalue())"
    )
    out = python(code)
    assert "exit 1" in out
    assert "pip install 'shapewright[lsp]'" in out


def test_every_import_is_declared() -> None:
    """What the rooms import from outside is the standard library, or a dependency or extra of pyproject.toml."""
    import ast

    declared = {"numpy", "numba", "llvmlite", "scipy", "jaxtyping", "beartype", "rich", "typer", "safetensors"}
    declared |= {"typing_extensions"}
    extras = {"sklearn", "matplotlib", "click", "pygls", "lsprotocol", "mypy"}
    for room in ("compiler", "dsl", "runtime"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                for name in names:
                    root = name.partition(".")[0]
                    assert root in sys.stdlib_module_names | declared | extras, f"{path}: imports {name}"
