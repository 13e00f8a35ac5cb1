"""The program that the demo trains, and every example, are clean under every static checker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .checkers import CHECKERS, PACKAGE, Outcomes, run_all

ROOT = Path(__file__).resolve().parents[2]
DEMO = PACKAGE / "digits.py"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

pytestmark = pytest.mark.checkers


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcomes]:
    """What the checkers say of the user's files, beside the library as it lies when installed."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copy(DEMO, folder / "the_demo.py")
    text = DEMO.read_text()
    assert "x @ p.w1 + p.b1" in text
    (folder / "broken.py").write_text(text.replace("x @ p.w1 + p.b1", "x @ p.w2 + p.b1"))
    for example in EXAMPLES:
        shutil.copy(example, folder / example.name)
    return run_all(folder, sorted(p.name for p in folder.glob("*.py")))


@pytest.mark.parametrize("column", CHECKERS)
def test_user_code_is_clean(found: dict[str, Outcomes], column: str) -> None:
    """Every file is checked beside a broken one, which must be the only one that is refused."""
    assert len(found[column]) == len(EXAMPLES) + 2
    assert {name: o.errors for name, o in found[column].items() if o.errors and name != "broken.py"} == {}
    assert found[column]["broken.py"].errors
