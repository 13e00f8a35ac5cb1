"""The pages of docs/errors as data, and running their programs. `python pages.py` runs those that it reads, as JSON.

A page has `## Wrong` with a program and the message that it makes, and `## Right` with one that works; or, where no
program of a user makes the error, `## The message` alone.
"""

from __future__ import annotations

import json
import linecache
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import final

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "errors"
FILE = "program.py"
_BLOCK = r"```{}\n(.*?)```"


@final
@dataclass(frozen=True, slots=True)
class Page:
    """wrong, right: "" where no program makes the error. lane: "" as it is, "check" or "simulator"."""

    code: str
    text: str
    wrong: str
    right: str
    message: str
    lane: str

    def written(self, message: str) -> str:
        """The text of the page with another message."""
        return re.sub(r"```text\n.*?```", lambda _: f"```text\n{message}\n```", self.text, count=1, flags=re.DOTALL)


def read(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    programs = re.findall(_BLOCK.format("python"), text, re.DOTALL)
    (message,) = re.findall(_BLOCK.format("text"), text, re.DOTALL)
    wrong, right = programs if programs else ("", "")
    lane = (
        "simulator" if "NUMBA_ENABLE_CUDASIM=1`, in Numba's" in text else "check" if "Both are given to" in text else ""
    )
    return Page(path.stem, text, wrong, right, message.strip("\n"), lane)


def pages() -> dict[str, Page]:
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.md"))}


def error_of(program: str) -> tuple[str, str] | None:
    """The code and message of the error of shapewright that a program ends with; None if it works."""
    import shapewright as sw

    lines: list[str] = list(program.splitlines(keepends=True))
    linecache.cache[FILE] = (len(program), None, lines, FILE)
    module = sys.modules["program"] = ModuleType("program")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(program, FILE, "exec", dont_inherit=True), vars(module))
    except sw.ShapewrightError as error:
        return error.code, str(error)
    finally:
        del linecache.cache[FILE], sys.modules["program"]
    return None


if __name__ == "__main__":
    given: dict[str, str] = json.load(sys.stdin)
    found = {name: error_of(program) for name, program in given.items()}
    sys.stdout.write("\n" + json.dumps(found))
