"""One option for all tests: `pytest --update-golden` writes the files of expected text anew."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write expected texts anew (also SHAPEWRIGHT_UPDATE_GOLDEN=1); read the difference before committing it",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-golden"):
        os.environ["SHAPEWRIGHT_UPDATE_GOLDEN"] = "1"  # the modules of tests look at it when they are imported
