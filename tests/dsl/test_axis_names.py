"""Axes are nominal: a tensor made with one `Dim` is not taken where another is declared, whatever its size."""

from __future__ import annotations

import pickle
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw


class Rows(sw.Dim): ...


class Columns(sw.Dim): ...


@sw.typed
def over_rows(x: sw.Tensor[Rows, Columns]) -> sw.Tensor[Rows]:
    return x.sum(1)


def test_an_axis_made_with_another_dim_is_refused() -> None:
    """Sizes are equal: only the names tell the axes apart."""
    square = np.ones((3, 3))
    turned: Any = sw.Tensor[Columns, Rows](square)
    with pytest.raises(
        sw.ShapeError, match=r"axis 0 .* is `Columns`, where `Rows` is wanted[\s\S]*transpose `x`: write `turned.mT`"
    ):
        over_rows(turned)
    assert over_rows(turned.T).names == ("Rows",)

    def shadow() -> Any:
        class Rows(sw.Dim): ...

        return sw.Tensor[Rows, Columns](square)

    with pytest.raises(sw.ShapeError, match="where another class of that name is wanted"):
        over_rows(shadow())
    over_rows(sw.Tensor[Rows, Columns](shadow()))  # named anew


def test_an_axis_without_a_label_fits() -> None:
    x: Any = sw.Tensor[Columns, Rows](np.ones((4, 4)))
    over_rows(np.ones((3, 3)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - raw arrays are taken
    over_rows(x[:3, :2])  # cut: it is no longer that axis
    over_rows(x[[0, 1]][:, [0, 1]])
    over_rows(sw.concat((x, x))[:, :2])
    assert pickle.loads(pickle.dumps(x)).names == ("Columns", "Rows")


def test_labels_inside_a_typed_function_are_not_judged() -> None:
    """Operations carry labels by rule, so only what a caller hands over is held to them."""

    @sw.typed
    def gram(x: sw.Tensor[Rows, Columns]) -> Any:
        return over_rows(cast("Any", x @ x.T))

    assert gram(sw.Tensor[Rows, Columns](np.ones((2, 2)))).shape == (2,)
