"""docs/reference.md: every public name is in it, with what the code says; `pytest --update-golden` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import shapewright as sw

from .reference_page import ORDER, RETURNED, SAME, SECTIONS, TABLES, doc_of, members, page, public_names, value_of

PAGE = Path(__file__).resolve().parents[1] / "docs/reference.md"
GROUPED = [name for names in (*TABLES.values(), *SECTIONS.values()) for name in names]


def test_the_page_is_what_the_code_says() -> None:
    if os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1":
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "pytest --update-golden writes docs/reference.md anew"


def test_every_public_name_has_one_group() -> None:
    assert sorted(GROUPED) == sorted(set(public_names()) - set(SAME))
    assert all(value_of(short) is value_of(long) for long, short in SAME.items())
    assert sorted(ORDER) == sorted([*TABLES, *SECTIONS])


@pytest.mark.parametrize("name", GROUPED)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert doc_of(name).strip().endswith((".", "`", ")")), name
    kind = RETURNED.get(name, value_of(name))
    if isinstance(kind, type) and not issubclass(kind, sw.ShapewrightError) and name != "IntVar":
        assert [member for member, _, doc in members(name, kind) if not doc] == []
