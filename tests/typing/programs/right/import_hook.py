"""Calls: modules whose functions are checked without a decorator."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw

with sw.install_import_hook("models_of_a_user") as hook:
    reveal_type(hook)  # ImportHook
reveal_type(hook.names)  # tuple[str, ...]
sw.install_import_hook(["models_of_a_user", "losses_of_a_user.all"]).uninstall()
