"""A device whose memory is the host's, and whose kernels are PTX that the machine of ptx_machine.py runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda import probe
from shapewright.runtime.cuda.folders import installed, simulated
from shapewright.runtime.cuda.simulated import SimulatedDevice

from .ptx_machine import Program

OFFLINE = [
    pytest.mark.cuda_offline,
    pytest.mark.skipif(simulated(), reason="the simulator makes no device code: NUMBA_ENABLE_CUDASIM=0"),
    pytest.mark.skipif(installed("numba-cuda") is None, reason="numba-cuda is not installed (make test-cuda)"),
]
"""Marks of tests that compile for CUDA."""


def use_ptx(monkeypatch: pytest.MonkeyPatch, arch: str = "sm_90") -> SimulatedDevice:
    """Make such a device the one of this process."""

    def functions(self: SimulatedDevice, module: Any, names: Iterable[str]) -> dict[str, Any]:
        return {name: Program(module.ptx(name, arch)) for name in names}

    device = SimulatedDevice(poison=True)
    monkeypatch.setattr(SimulatedDevice, "functions", functions)
    monkeypatch.setattr(devices, "_devices", {os.getpid(): device})
    monkeypatch.setattr(probe, "require_cuda", lambda: None)
    return device
