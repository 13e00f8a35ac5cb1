"""shapewright: typed tensors, and training programs compiled from one loss."""

from __future__ import annotations
