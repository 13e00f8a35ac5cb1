"""docs/editors.md: its snippets can be read, name what there is, and its table of settings is complete."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="pygls (the extra `lsp`) is not installed")

from shapewright.runtime.cache import EDITOR
from shapewright.runtime.lsp.server import COMMAND
from shapewright.runtime.lsp.settings import Settings, changed

PAGE = (Path(__file__).resolve().parents[2] / "docs/editors.md").read_text()


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def assert_settings(given: object) -> None:
    """These are settings, with the defaults."""
    assert given
    assert changed(Settings(), given) == (Settings(), [])


def test_vs_code() -> None:
    settings, command = map(json.loads, snippets("json"))
    assert settings["glspc.server.command"].endswith("/bin/shapewright")
    assert (settings["glspc.server.commandArguments"], settings["glspc.server.languageId"]) == (["lsp"], ["python"])
    assert_settings(settings["glspc.server.initializationOptions"])
    assert command["command"] == COMMAND


def test_helix() -> None:
    languages, editor = map(tomllib.loads, snippets("toml"))
    server: dict[str, Any] = languages["language-server"]["shapewright"]
    assert server["command"].endswith("/bin/shapewright") and server["args"] == ["lsp"]
    assert_settings(server["config"])
    (python,) = languages["language"]
    assert python["name"] == "python" and "shapewright" in python["language-servers"]
    assert editor == {"editor": {"lsp": {"display-inlay-hints": True}}}


def test_neovim() -> None:
    (lua,) = snippets("lua")
    code = re.sub(r"--.*|\"[^\"\n]*\"", "", lua)
    assert '"' not in code
    for opening, closing in ("()", "{}"):
        depth = 0
        for character in code:
            depth += (character == opening) - (character == closing)
            assert depth >= 0
        assert depth == 0
    words = re.findall(r"\w+", code)
    assert words.count("function") + words.count("then") == words.count("end") == 2
    assert 'cmd = { ".venv/bin/shapewright", "lsp" }' in lua
    options = re.search(r"init_options = (\{.*?\})", lua)
    assert options is not None
    assert_settings(json.loads(re.sub(r"(\w+) =", r'"\1":', options[1])))


def test_the_table_of_settings() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert [(name, json.loads(default)) for name, default in rows] == [
        (f.name, getattr(Settings(), f.name)) for f in fields(Settings)
    ]
    assert f"the folder `{EDITOR}` of the kernel cache" in PAGE
