"""docs/errors: a page for every code, whose wrong program makes exactly that error and message, and whose right one works.

`pytest --update-golden` writes the messages into the pages; read the difference before committing it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import shapewright as sw
from shapewright.compiler import errors
from shapewright.dsl import record
from shapewright.runtime import compiled
from shapewright.runtime.check import check_source
from shapewright.runtime.check.show import report
from shapewright.runtime.cli import app
from shapewright.runtime.explain import page_of

from ..cuda.fake_driver import CUresult
from ..cuda.handmade import KERNELS, fake
from .pages import FOLDER, Page, error_of, pages

ROOT = FOLDER.parents[1]
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"
PAGES = pages()
RUN = [code for code, page in PAGES.items() if page.wrong and page.lane == ""]
SIMULATED = [code for code, page in PAGES.items() if page.lane == "simulator"]

# Codes that no program of a user makes on a machine without a GPU, why, and what makes their message here.
MADE: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], str]]] = {
    "SW400": ("no program is known", lambda patch: endless()),
    "SW603": ("needs the memory of a GPU to run out", lambda patch: memory()),
    "SW604": ("needs a call that the driver refuses", lambda patch: refused()),
    "SW605": ("needs a GPU that reports a fault", lambda patch: lost()),
    "SW902": ("depends on how a machine rounds", lambda patch: compiled_nan(patch)),
}


# ---- what makes the messages of MADE
def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(sw.ShapewrightError) as error:
        call()
    return re.sub(r"\n  --> .*\n.*(?=\n|$)", "", str(error.value))  # the place is one of this file


def endless() -> str:
    def f(x: Any) -> Any:
        raise record._Restart({})  # pyright: ignore[reportPrivateUsage] - what no program is known to do

    return message_of(lambda: sw.record(f, sw.ones(3)))


def memory() -> str:
    device = fake()[1]
    return message_of(lambda: device.alloc(8 << 30))


def refused() -> str:
    driver, device = fake()
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    driver.failing["cuLaunchKernel"] = CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES
    return message_of(lambda: device.launch(function, 4, 1024, [0, 0]))


def lost() -> str:
    driver, device = fake()
    driver.failing["cuStreamSynchronize"] = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    return message_of(device.synchronize)


def always(array: object) -> bool:
    return array is not None


def compiled_nan(patch: pytest.MonkeyPatch) -> str:
    def loss(p: Any, x: Any) -> Any:
        return (x @ p[0]).mean()

    patch.setattr(compiled, "has_nan", always)
    trainer = sw.ScalarTrainer((np.ones(3, np.float32),), loss, sw.Options(debug_nans=True))
    return message_of(lambda: trainer.forward(np.ones((2, 3), np.float32)))


# ---- programs
def is_as_written(page: Page, message: str) -> None:
    if UPDATE:
        (FOLDER / f"{page.code}.md").write_text(page.written(message), encoding="utf-8")
    assert UPDATE or message == page.message


@pytest.mark.parametrize("code", RUN)
def test_wrong_programs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = error_of(PAGES[code].wrong)
    assert found is not None
    assert found[0] == code, found[1]
    is_as_written(PAGES[code], found[1])


@pytest.mark.parametrize("code", RUN)
def test_right_programs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert error_of(PAGES[code].right) is None


@cache
def simulated() -> dict[str, list[str] | None]:
    """The errors of all programs for the simulator, from one process."""
    given = {f"{code} {kind}": getattr(PAGES[code], kind) for code in SIMULATED for kind in ("wrong", "right")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("pages.py"))],
        input=json.dumps(given),
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str] | None] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("code", SIMULATED)
def test_programs_for_a_gpu(code: str) -> None:
    found = simulated()[f"{code} wrong"]
    assert found is not None
    assert found[0] == code, found[1]
    is_as_written(PAGES[code], found[1])
    assert simulated()[f"{code} right"] is None


def test_programs_for_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [c for c, page in PAGES.items() if page.lane == "check"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(PAGES[code].wrong)
    found = check_source("program.py")
    assert [d.code for d in found.diagnostics] == [code]
    is_as_written(PAGES[code], "\n".join(report(found)).replace(f"{tmp_path}{os.sep}", ""))
    (tmp_path / "program.py").write_text(PAGES[code].right)
    assert check_source("program.py").diagnostics == ()


@pytest.mark.parametrize("code", MADE)
def test_messages_that_no_program_makes(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGES[code]
    message = MADE[code][1](monkeypatch)
    assert message.startswith(f"error[{code}]: ")
    is_as_written(page, message)


def test_only_these_have_no_program() -> None:
    assert sorted(code for code, page in PAGES.items() if not page.wrong) == sorted(MADE)
    assert all(reason for reason, _ in MADE.values())


# ---- all of them
def raised() -> set[str]:
    """The codes of every error that the sources raise: that of its class, where the call names none."""
    kinds = {c.__name__: c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, sw.ShapewrightError)}
    found: set[str] = set()
    for room in ("compiler", "dsl", "runtime"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call):
                    found |= _codes(node, kinds)
    return found


def _codes(call: ast.Call, kinds: dict[str, type[sw.ShapewrightError]]) -> set[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else None
    given = [k.value for k in call.keywords if k.arg == "code"]
    written = {str(n.value) for v in given for n in ast.walk(v) if isinstance(n, ast.Constant)}
    written |= {
        str(a.value) for a in call.args if isinstance(a, ast.Constant) and re.fullmatch(r"SW\d{3}", str(a.value))
    }
    codes = {c for c in written if re.fullmatch(r"SW\d{3}", c)}
    return codes if given or codes or name not in kinds else {kinds[name].code}


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert raised() == set(PAGES)


def test_the_index_and_the_navigation_name_every_page() -> None:
    index, navigation = (ROOT / "docs/errors.md").read_text(), (ROOT / "mkdocs.yml").read_text()
    for code, page in PAGES.items():
        title = page.text.splitlines()[0].removeprefix(f"# {code}: ")
        assert f"| [{code}](errors/{code}.md) | {title} |" in index
        assert f"      - errors/{code}.md\n" in navigation
        assert "\n## When it comes up\n" in page.text


# ---- the command line
@pytest.mark.parametrize("code", ["SW102", "sw102", "102"])
def test_explain_prints_the_page(code: str) -> None:
    done = CliRunner().invoke(app, ["explain", code])
    assert done.exit_code == 0
    assert done.stdout == PAGES["SW102"].text


def test_explain_of_no_code() -> None:
    done = CliRunner().invoke(app, ["explain", "SW199"])
    assert done.exit_code == 1
    assert "there is no error SW199" in done.output and "SW102" in done.output


def test_an_error_knows_its_page() -> None:
    with pytest.raises(sw.ShapeError) as error:
        value: Any = sw.zeros((2, 3))
        _ = value @ value
    assert (ROOT / "docs" / error.value.diagnostic.page).is_file()
    assert page_of(error.value.code) == PAGES[error.value.code].text
