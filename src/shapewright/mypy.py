"""The mypy plugin: write `plugins = shapewright.mypy` under `[mypy]` in mypy.ini, or in `[tool.mypy]` of pyproject.toml.

It computes the sizes that plain signatures leave `Any`, and reports those that cannot be right as `[shapewright]`.
"""

from __future__ import annotations

from .runtime.mypy_plugin.plugin import plugin as plugin

__all__ = ["plugin"]
