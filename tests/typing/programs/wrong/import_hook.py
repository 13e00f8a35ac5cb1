"""Calls: modules whose functions are checked without a decorator."""

from __future__ import annotations

import pathlib

import shapewright as sw


def run() -> None:
    sw.install_import_hook(pathlib)  # E: -check
    sw.install_import_hook()  # E: -check
    sw.install_import_hook("models").remove()  # E: -check
