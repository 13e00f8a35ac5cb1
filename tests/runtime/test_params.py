"""`Param`, `ParamList`, `sgd_step`: fresh cells, mirrors, all-or-nothing writes, the reference update."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, OptionError, ShapeError
from shapewright.dsl.pack import TList
from shapewright.dsl.tensor import Tensor
from shapewright.runtime.params import Param, ParamList, sgd_step, sgd_step_fused
from shapewright.runtime.values import Arr

from . import models
from .models import ints, reals


class FakeMirror:
    """A device copy that is newer until it is downloaded."""

    def __init__(self, array: Arr) -> None:
        self.array, self.newer, self.stale, self.downloads = array, True, False, 0

    def invalidate(self) -> None:
        self.newer, self.stale = False, True

    def download(self) -> Arr:
        self.newer, self.downloads = False, self.downloads + 1
        return self.array


def cells() -> ParamList[TList[Tensor[Any, Any], Tensor[Any]]]:
    return ParamList.from_tensors(TList(reals(np.ones((2, 3), np.float32)), reals(np.zeros(3, np.float32))))


def test_from_tensors_copies() -> None:
    start = np.ones(3, np.float32)
    params = ParamList.from_tensors(TList(reals(start)))
    params[0].host[:] = 7.0
    assert start.tolist() == [1.0, 1.0, 1.0]
    (value,) = params.values()
    params[0].host[:] = 8.0
    assert value.numpy().tolist() == [7.0] * 3


def test_values_keep_the_type_of_the_pack() -> None:
    params = ParamList.from_tensors(models.mlp())
    assert isinstance(params.values(), models.MLP)
    assert [c.name for c in params] == ["w1", "b1", "w2", "b2"]
    assert params["w1"].value.names == ("Features", "Hidden")
    assert len(params) == 4
    assert "Param(w1: f32[Features=5, Hidden=7])" in repr(params)
    with pytest.raises(KeyError, match="there are w1, b1, w2, b2"):
        params["nothing"]


@pytest.mark.parametrize("flags", [[True], [True, False, True]])
def test_flags_of_another_length_give_both_lengths(flags: list[bool]) -> None:
    with pytest.raises(OptionError, match=f"has {len(flags)} flags? for 2 parameters"):
        ParamList.from_tensors(TList(reals([1.0]), reals([2.0])), flags)


def test_flags_and_predicates() -> None:
    pack = {"a": reals([1.0]), "ids": ints([1]), "b": reals([2.0])}
    assert [c.requires_grad for c in ParamList.from_tensors(pack)] == [True, False, True]
    assert [c.requires_grad for c in ParamList.from_tensors(pack, [False, True, True])] == [False, False, True]
    assert [c.requires_grad for c in ParamList.from_tensors(pack, lambda name: name != "b")] == [True, False, False]


def test_a_newer_device_copy_is_downloaded_once() -> None:
    params = cells()
    mirror = FakeMirror(np.full((2, 3), 5.0, np.float32))
    params[0].attach(mirror)
    assert params.host_values()[0].numpy()[0, 0] == 1.0  # the raw read may be old
    assert params.values()[0].numpy()[0, 0] == 5.0
    assert params[0].value.numpy()[0, 0] == 5.0
    assert mirror.downloads == 1
    assert params[0].mirror is mirror  # reading keeps it
    params.set_values(TList(reals(np.zeros((2, 3), np.float32)), reals(np.zeros(3, np.float32))))
    assert params[0].mirror is mirror and mirror.stale  # overwriting drops its value
    assert params[0].value.tolist() == [[0.0] * 3] * 2
    assert mirror.downloads == 1


def test_what_the_device_wrote_is_dropped_when_the_host_overwrites_it() -> None:
    params = cells()
    mirror = FakeMirror(np.full((2, 3), 5.0, np.float32))
    params[0].attach(mirror)
    params[0].value = reals(np.full((2, 3), 7.0, np.float32))
    assert params[0].value.numpy()[0, 0] == 7.0
    assert (mirror.newer, mirror.stale, mirror.downloads) == (False, True, 0)


def test_a_device_copy_of_another_shape_is_refused() -> None:
    cell: Param[Any] = Param(np.zeros(3, np.float32), name="w")
    cell.attach(FakeMirror(np.zeros(4, np.float32)))
    with pytest.raises(ShapeError, match="another shape"):
        cell.read()


def test_set_values_is_all_or_nothing() -> None:
    params = cells()
    before = [a.numpy() for a in params.values()]
    zeros, short = reals(np.zeros((2, 3), np.float32)), reals(np.zeros(2, np.float32))
    with pytest.raises(ShapeError, match="`1`"):
        params.set_values(TList(zeros, short))
    with pytest.raises(DTypeError, match=r'\.astype\("float32"\)'):
        params.set_values(TList(zeros, reals(np.zeros(3))))
    with pytest.raises(ShapeError, match="1 tensors given"):
        cast("Any", params).set_values(TList(zeros))
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, params.values(), strict=True))


def test_setting_one_value() -> None:
    params = cells()
    params[1].value = reals(np.ones(3, np.float32))
    assert params[1].value.numpy().tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ShapeError):
        params[1].value = reals(np.ones(4, np.float32))


def test_a_cell_is_not_a_tensor() -> None:
    cell = cells()[1]
    with pytest.raises(DTypeError, match="value"):
        _ = reals([1.0, 2.0, 3.0]) + cell


def test_sgd_step_is_p_minus_lr_g_of_trainable_parameters() -> None:
    pack = TList(reals(np.ones((2, 3), np.float32)), reals(np.zeros(3, np.float32)))
    params = ParamList.from_tensors(pack, [True, False])
    mirror = FakeMirror(np.full((2, 3), 5.0, np.float32))
    params[0].attach(mirror)
    grads = TList(reals(np.full((2, 3), 2.0, np.float32)), reals(np.ones(3, np.float32)))
    sgd_step(params, grads, lr=0.5)
    assert np.all(params[0].host == 4.0)  # from the device's 5.0, not the host's 1.0
    assert np.all(params[1].host == 0.0)
    assert mirror.stale


def test_sgd_step_fused_equals_sgd_step_to_one_ulp() -> None:
    rng = np.random.default_rng(0)
    pack = TList(reals(rng.normal(size=(4, 3)).astype(np.float32)), reals(rng.normal(size=3).astype(np.float32)))
    grads = TList(reals(rng.normal(size=(4, 3)).astype(np.float32)), reals(rng.normal(size=3).astype(np.float32)))
    plain, fused = ParamList.from_tensors(pack, [True, True]), ParamList.from_tensors(pack, [True, True])
    for lr in (0.1, 0.01):
        sgd_step(plain, grads, lr=lr)
        sgd_step_fused(fused, grads, lr=lr)
    for a, b in zip(plain, fused, strict=True):
        np.testing.assert_array_max_ulp(
            cast("Any", a.host), cast("Any", b.host), maxulp=2
        )  # 1 ulp in each of the two steps


def test_updates_refuse_bad_arguments_and_change_nothing() -> None:
    params = cells()
    good = TList(reals(np.zeros((2, 3), np.float32)), reals(np.zeros(3, np.float32)))
    for step in (sgd_step, sgd_step_fused):
        with pytest.raises(OptionError, match="lr=nan"):
            step(params, good, lr=float("nan"))
        with pytest.raises(ShapeError, match="gradients"):
            step(params, TList(good[0], reals(np.zeros(4, np.float32))), lr=0.1)
    assert np.all(params[0].host == 1.0)
