"""Optimizers, stand-alone or handed to a trainer, which fuses them into its program."""

from __future__ import annotations

from .runtime.optim import SGD as SGD
from .runtime.optim import Adam as Adam
from .runtime.optim import AdamW as AdamW
from .runtime.optim import Optimizer as Optimizer
from .runtime.optim import OptState as OptState
from .runtime.schedules import one_cycle as one_cycle
from .runtime.schedules import step as step
from .runtime.schedules import warmup_cosine as warmup_cosine
