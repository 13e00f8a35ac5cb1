"""Whole error messages, line by line: each case of program.py against golden/NAME.txt.

`pytest --update-golden` writes the files anew; read the difference before committing it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from shapewright.compiler.errors import ShapewrightError

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_program", HERE / "program.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages_program"] = module
    spec.loader.exec_module(module)
    return module


PROGRAM = load()
CASES = sorted(name.removeprefix("case_") for name in vars(PROGRAM) if name.startswith("case_"))


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    with pytest.raises(ShapewrightError) as caught:
        getattr(PROGRAM, f"case_{case}")()
    text = f"{type(caught.value).__name__}\n{caught.value}\n"
    path = GOLDEN / f"{case}.txt"
    if UPDATE:
        path.write_text(text)
    assert path.exists(), f"no golden file for {case}: did you forget --update-golden?"
    assert text == path.read_text()


def test_no_golden_file_is_left_over() -> None:
    assert sorted(p.stem for p in GOLDEN.glob("*.txt")) == CASES


@pytest.mark.parametrize("case", CASES)
def test_every_message_names_the_users_line(case: str) -> None:
    text = (GOLDEN / f"{case}.txt").read_text()
    assert "--> program.py:" in text
    assert "shapewright/" not in text
