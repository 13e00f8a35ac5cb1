"""The session that most tests of the language server share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .client import Client


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def client(cache: Path) -> Iterator[Client]:
    """One session for the files of a module; it must end as it should, with nothing on the standard error."""
    from .client import Client  # not before the tests have looked for pygls

    session = Client(cache, options={"docs": "https://example.org/docs/"})
    yield session
    assert session.leave() == (0, "")
