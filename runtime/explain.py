"""`shapewright explain`: the page of documentation about a code of an error. The pages are part of the package."""

from __future__ import annotations

import re
from pathlib import Path

_PAGES = Path(__file__).resolve().parents[1] / "docs" / "errors"  # of this checkout, or of the installed package


def page_of(code: str) -> str | None:
    """The page about `SW102` (or `sw102`, or `102`) as Markdown; None if there is no such code."""
    found = re.fullmatch(r"(?:SW)?(\d{3})", code.strip().upper())
    path = _PAGES / f"SW{found[1]}.md" if found is not None else None
    return path.read_text(encoding="utf-8") if path is not None and path.is_file() else None


def codes() -> list[str]:
    """Every code that has a page."""
    return sorted(path.stem for path in _PAGES.glob("SW*.md"))
