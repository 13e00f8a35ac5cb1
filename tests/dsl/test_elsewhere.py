"""Names from PyTorch, JAX and NumPy: the error says what to write, and what it says exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw
from shapewright.dsl import elsewhere
from shapewright.runtime.check import check_source

x = cast("Any", sw.Tensor(np.ones((2, 3), np.float32)))
module: Any = sw


class Batch(sw.Dim): ...


def notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", []))


@sw.typed
def using(a: Any, function: Callable[[Any], Any]) -> Any:
    return function(a)


def test_an_attribute_of_tensors() -> None:
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'view'") as caught:
        using(x, lambda a: a.view(3, 2))
    assert notes(caught.value) == ["help: write .reshape(...)"]


def test_an_attribute_of_other_kinds_of_tensor() -> None:
    for of, name, text in (
        (x > 0, "mean", '.astype("float32").mean(...)'),
        (x > 0, "sum", '.astype("int64").sum(...)'),
        (x.astype("int64"), "mean", '.astype("float32").mean(...)'),
    ):
        with pytest.raises(AttributeError) as caught:
            using(of, attrgetter(name))
        assert notes(caught.value) == [f"help: write {text}"]


def test_attributes_of_tensors_have_no_hook() -> None:
    assert not hasattr(sw.Tensor, "__getattr__")  # which makes every access slower


def test_what_is_no_tensor_has_other_names() -> None:
    class Camera:
        pass

    with pytest.raises(AttributeError, match="no attribute 'view'") as caught:
        using(Camera(), lambda a: a.view)
    assert not notes(caught.value)


def test_a_function() -> None:
    with pytest.raises(AttributeError, match="module 'shapewright' has no attribute 'cat'") as caught:
        module.cat((x, x))
    assert notes(caught.value) == ["help: write sw.concat"]


def test_an_unknown_name_is_pythons_own_error() -> None:
    for of in (x, module):
        with pytest.raises(AttributeError) as caught:
            using(of, lambda a: a.nonsense)
        assert not notes(caught.value)
        assert caught.value.name == "nonsense" and caught.value.obj is of


def test_a_keyword_in_a_typed_function() -> None:
    @sw.typed
    def f(a: sw.Tensor[Batch, Any], function: Any) -> sw.Scalar:
        return function(a)  # type: ignore[no-any-return]  # whatever is tried

    def mine(a: Any) -> Any:
        return a

    unknown: Any = mine
    calls: list[tuple[Callable[[Any], Any], list[str]]] = [
        (lambda a: a.sum(dim=0).sum(), ["help: write axis= for dim="]),
        (lambda a: a.mean(axis=0, keepdim=True), ["help: write keepdims= for keepdim="]),
        (lambda a: module.softmax(a, dim=0), ["help: write axis= for dim="]),
        (lambda a: module.dropout(a, training=False), ["help: write train= for training="]),
        (lambda a: module.relu(a, dim=0), []),
        (lambda a: unknown(a, dim=0), []),
    ]
    for call, expected in calls:
        with pytest.raises(TypeError, match="unexpected keyword argument") as caught:
            f(x, call)
        assert notes(caught.value) == expected


def test_check_says_the_same(tmp_path: Path) -> None:
    calls = [
        "x.view(-1)",
        "sw.cat([x, x])",
        "x.mean(dim=0)",
        "x.device_of()",
        "(x > 0).mean()",
        "x.reshape(x.size(0), -1).sum()",
    ]
    functions = [
        f"@sw.typed\ndef f{i}(x: sw.Tensor[Batch, Batch]) -> sw.Scalar:\n    return {c}\n" for i, c in enumerate(calls)
    ]
    file = tmp_path / "program.py"
    file.write_text("import shapewright as sw\nclass Batch(sw.Dim): ...\n" + "".join(functions))
    result = check_source(file)
    assert [e.help for e in result.diagnostics] == [
        "write .reshape(...)",
        "write sw.concat",
        "write axis= for dim=",
        "did you mean `device`?",
        'write .astype("float32").mean(...)',
        "x.size is the number of elements: write x.shape[0]",
    ]


def test_check_goes_on_behind_such_a_name(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("""
import shapewright as sw

class Batch(sw.Dim): ...
class In(sw.Dim):
    size = 3

@sw.typed
def f(x: sw.Tensor[Batch, In]) -> sw.Scalar:
    if hasattr(x, "detach"):
        x = x.detach()
    size = getattr(x, "numel", None)
    y = x.view(-1).clamp(0.0)
    z = x.requires_grad
    u = sw.relu(y) + z + sw.softmin(x)
    return (x @ x).sum() + u.sum()
""")
    found = [(d.span.line, d.code) for d in check_source(file).diagnostics]
    assert found == [(13, "SW000"), (14, "SW000"), (15, "SW000"), (16, "SW101")]


def test_what_is_said_exists() -> None:
    for name, text in {**elsewhere.METHODS, **elsewhere.FUNCTIONS}.items():
        for function in re.findall(r"\bsw\.(\w+)", text):
            assert hasattr(sw, function), (name, text)
        for attribute in re.findall(r"(?:^| )\.(\w+)", text):
            assert hasattr(x, attribute), (name, text)
    for name in elsewhere.METHODS:
        assert not hasattr(sw.Tensor, name), f"{name} is an attribute"
    for name in elsewhere.FUNCTIONS:
        assert not hasattr(sw, name), f"{name} is a function"


def test_size_is_no_method() -> None:
    def rows(a: Any) -> Any:
        return a.reshape(a.size(-1), 2)

    def all_sizes(a: Any) -> Any:
        return a.size()

    def another(a: Any) -> Any:
        return {"size": a}["size"]()

    for f, expected in (
        (rows, ["help: a.size is the number of elements: write a.shape[-1]"]),
        (all_sizes, ["help: a.size is the number of elements: write a.shape"]),
        (another, []),
    ):
        for run in (sw.typed(f), sw.jit(sw.typed(f))):
            with pytest.raises(TypeError, match="object is not callable") as caught:
                run(x)
            assert notes(caught.value) == expected
