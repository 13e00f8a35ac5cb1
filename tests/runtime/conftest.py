"""One fixture: how a trainer or function runs, three ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from shapewright.runtime import programs
from shapewright.runtime.options import Backend, Options

Make: TypeAlias = Callable[..., Options]


@pytest.fixture(params=["eager", "linked", "compiled"])
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes `Options` for each way of running: eager, the recorded graph node by node, compiled."""
    if request.param == "linked":
        monkeypatch.setattr(programs, "target", programs.linked_target)
    backend: Backend = "eager" if request.param == "eager" else "compiled"

    def make(**more: Any) -> Options:
        return Options(backend=backend, **more)

    return make


@pytest.fixture(params=["linked", "compiled"])
def recorded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes `Options` for the two ways that record: the graph node by node, compiled."""
    if request.param == "linked":
        monkeypatch.setattr(programs, "target", programs.linked_target)

    def make(**more: Any) -> Options:
        return Options(backend="compiled", **more)

    return make
