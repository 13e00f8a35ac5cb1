"""The program that the demo trains, and every example, are clean under pyright (strict), mypy (strict) and pyrefly."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .test_checkers import LIBRARY, run, tool

ROOT = Path(__file__).resolve().parents[2]
DEMO = Path(LIBRARY) / "shapewright" / "digits.py"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's files, and the library as it lies when installed: apart from the configuration of this checkout."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copy(DEMO, folder / "the_demo.py")
    text = DEMO.read_text()
    assert "x @ p.w1 + p.b1" in text
    (folder / "broken.py").write_text(text.replace("x @ p.w1 + p.b1", "x @ p.w1.T + p.b1"))
    for example in EXAMPLES:
        shutil.copy(example, folder / example.name)
    shutil.copytree(DEMO.parent, folder / "lib" / "shapewright", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def pyright(folder: Path) -> set[str]:
    config = {
        "extraPaths": ["lib"],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportMissingTypeStubs": False,  # scikit-learn has none
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    report = json.loads(run(folder, tool("pyright"), "--outputjson", "--pythonpath", sys.executable, *programs(folder)))
    assert report["summary"]["filesAnalyzed"] == len(programs(folder))
    return {Path(entry["file"]).name for entry in report["generalDiagnostics"]}


def mypy(folder: Path) -> set[str]:
    config = "[mypy]\nstrict = true\nmypy_path = lib\npython_version = 3.11\n"
    (folder / "mypy.ini").write_text(config + "[mypy-sklearn.*]\nignore_missing_imports = true\n")
    text = run(folder, tool("mypy"), "--python-executable", sys.executable, *programs(folder))
    assert re.search(rf"(in|checked) {len(programs(folder))} source files", text)
    return set(re.findall(r"^(\S+?):\d+: error", text, re.MULTILINE))


def pyrefly(folder: Path) -> set[str]:
    interpreter = f'python-interpreter-path = "{sys.executable}"\nsearch-path = [".", "lib"]\n'
    (folder / "pyrefly.toml").write_text(f'preset = "default"\npython-version = "3.11"\n{interpreter}')
    report = json.loads(run(folder, tool("pyrefly"), "check", "--output-format", "json", *programs(folder)))
    return {Path(entry["path"]).name for entry in report["errors"]}


def programs(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.glob("*.py"))


@pytest.mark.checkers
@pytest.mark.parametrize("checker", [pyright, mypy, pyrefly], ids=lambda c: c.__name__)
def test_user_code_is_clean(checker: Callable[[Path], set[str]], folder: Path) -> None:
    """Every file is checked beside a broken one, which must be the only one that is refused."""
    assert checker(folder) == {"broken.py"}
