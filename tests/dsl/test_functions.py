"""The functional surface against NumPy, eagerly; shapes, kinds and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shapewright

# What functions do; what checkers see of them is tested in tests/typing.
sw: Any = shapewright
numpy: Any = np

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4)).astype(np.float32)
P = (np.abs(X) + 0.1).astype(np.float32)


def normal(shape: tuple[int, ...]) -> Any:
    return np.asarray(RNG.normal(size=shape), np.float32)


def close(got: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(np.asarray(got), want, rtol=rtol, atol=atol)


# ---- elementwise
def softplus(v: Any) -> Any:
    return numpy.log1p(np.exp(v))


def leaky_relu(v: Any) -> Any:
    return numpy.where(v > 0, v, 0.01 * v)


def elu(v: Any) -> Any:
    return numpy.where(v > 0, v, np.expm1(v))


def silu(v: Any) -> Any:
    return v / (1 + np.exp(-v))


UNARY: list[tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = [
    (sw.exp, np.exp, X),
    (sw.log, np.log, P),
    (sw.log1p, np.log1p, P),
    (sw.sqrt, np.sqrt, P),
    (sw.rsqrt, lambda v: 1 / np.sqrt(v), P),
    (sw.reciprocal, np.reciprocal, P),
    (sw.square, np.square, X),
    (sw.sin, np.sin, X),
    (sw.cos, np.cos, X),
    (sw.tanh, np.tanh, X),
    (sw.sigmoid, lambda v: 1 / (1 + np.exp(-v)), X),
    (sw.relu, lambda v: np.maximum(v, 0), X),
    (sw.softplus, softplus, X),
    (sw.silu, silu, X),
    (sw.abs, np.abs, X),
    (sw.neg, np.negative, X),
    (sw.sign, np.sign, X),
    (sw.floor, np.floor, X),
    (sw.ceil, np.ceil, X),
    (sw.round, np.round, np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.2, 7.7], np.float32)),
    (sw.expm1, np.expm1, np.array([-20, -1, -1e-6, 0, 1e-6, 0.5, 3, 40], np.float32)),
    (sw.leaky_relu, leaky_relu, X),
    (sw.elu, elu, X),
    (sw.log_sigmoid, lambda v: -np.log1p(np.exp(-v)), X),
    (sw.stop_gradient, lambda v: v, X),
]


@pytest.mark.parametrize(("ours", "theirs", "x"), UNARY, ids=lambda v: getattr(v, "__name__", ""))
def test_unary(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], x: Any) -> None:
    got = ours(sw.Tensor(x))
    assert got.dtype == np.float32
    close(got, theirs(x))


def test_binary_and_choice() -> None:
    x, y = sw.Tensor(X), sw.Tensor(P[0])
    close(sw.add(x, y), X + P[0])
    close(sw.sub(x, 1), X - 1)
    close(sw.mul(2.0, x), 2 * X)
    close(sw.div(x, y), X / P[0])
    close(sw.pow(y, 3), P[0] ** 3)
    close(sw.maximum(x, 0.0), np.maximum(X, 0))
    close(sw.minimum(x, y), np.minimum(X, P[0]))
    close(sw.where(x > 0, x, 0.0), np.where(X > 0, X, 0))
    close(sw.where(x > 0, 1.0, 0.0), np.where(X > 0, 1.0, 0.0))
    close(sw.clip(x, -0.5, 0.5), np.clip(X, -0.5, 0.5))
    close(sw.gelu(x, "tanh"), 0.5 * X * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3))))
    assert sw.less(x, 0.0).tolist() == (X < 0).tolist()
    assert sw.logical_xor(x < 0, x > 1).tolist() == ((X < 0) ^ (X > 1)).tolist()
    assert sw.isnan(sw.Tensor([np.nan, 1.0])).tolist() == [True, False]
    assert sw.cast(x, "int64").tolist() == X.astype(np.int64).tolist()
    assert sw.exp(0.0).shape == ()
    with pytest.raises(sw.OptionError, match='write "none" or "tanh"'):
        sw.gelu(x, "fast")


# ---- reductions
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), (-1,), ()], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(axis: Any, keepdims: bool) -> None:
    x = sw.Tensor(X)
    pairs: list[tuple[Any, Any]] = [(sw.sum, np.sum), (sw.mean, np.mean), (sw.max, np.max), (sw.min, np.min)]
    for ours, theirs in pairs:
        close(ours(x, axis, keepdims), theirs(X, axis=axis, keepdims=keepdims), atol=1e-5)
        close(getattr(x, ours.__name__)(axis, keepdims), theirs(X, axis=axis, keepdims=keepdims), atol=1e-5)
    close(sw.var(x, axis, keepdims), np.var(X, axis=axis, keepdims=keepdims), atol=1e-5)
    if axis != ():
        close(sw.logsumexp(x, axis, keepdims), np.log(np.exp(X).sum(axis=axis, keepdims=keepdims)))


def test_other_reductions() -> None:
    x = sw.Tensor(X)
    close(sw.std(x, 1, correction=1), X.std(1, ddof=1))
    close(sw.norm(x, -1), np.linalg.norm(X, axis=-1))
    assert sw.argmax(x, -1).tolist() == X.argmax(-1).tolist()
    assert x.argmax().item() == X.argmax()
    assert sw.argmin(x, 0, keepdims=True).tolist() == X.argmin(0, keepdims=True).tolist()
    assert sw.any(x > 1, 1).tolist() == (X > 1).any(1).tolist()
    assert sw.all(x > -9).item() is True
    assert (x > 0).any(0).tolist() == (X > 0).any(0).tolist()
    assert sw.sum(sw.IntTensor([1, 2])).item() == 3
    with pytest.raises(sw.ShapeError, match="an axis is named twice"):
        sw.sum(x, (0, 0))


# ---- contraction
EINSUMS = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("ij,jk", (3, 4), (4, 5)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,jk->...ik", (2, 3, 4), (4, 5)),
    ("...i,i", (2, 3), (3,)),
    ("...i,...i->...", (2, 3), (2, 3)),
    ("i,j->ij", (3,), (4,)),
    ("ij,ij->", (3, 4), (3, 4)),
    ("ijk,jl->il", (2, 3, 4), (3, 5)),
    ("ij->ji", (3, 4)),
    ("ij->", (3, 4)),
    ("ij->j", (3, 4)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->ji", (3, 3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("ij,jk,k", (2, 3), (3, 4), (4,)),
    ("a,b,c->abc", (2,), (3,), (4,)),
    ("ijj,j->i", (2, 3, 3), (3,)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
]


@pytest.mark.parametrize("case", EINSUMS, ids=lambda c: c[0])
def test_einsum(case: Any) -> None:
    spec, *shapes = case
    arrays = [normal(s) for s in shapes]
    close(sw.einsum(spec, *map(sw.Tensor, arrays)), np.einsum(spec, *arrays), rtol=1e-4, atol=1e-5)


def test_einsum_errors() -> None:
    x = sw.Tensor(X)
    with pytest.raises(sw.ShapeError, match="2 operands, 1 was given"):
        sw.einsum("ij,jk->ik", x)
    with pytest.raises(sw.ShapeError, match="`x` has 2 axes"):
        sw.einsum("ijk->i", x)
    with pytest.raises(sw.ShapeError, match='"z" is in no operand'):
        sw.einsum("ij->z", x)
    with pytest.raises(sw.ShapeError, match="letter i has sizes 3 and 4"):
        sw.einsum("ii->i", x)
    with pytest.raises(sw.ShapeError, match='letter "j"'):
        sw.einsum("ij,jk->ik", x, x)


def test_products() -> None:
    x, w, b = sw.Tensor(X), sw.Tensor(P.T), sw.Tensor(P[:, 0])
    close(sw.matmul(x, w), X @ P.T)
    close(sw.linear(x, w, b), X @ P.T + P[:, 0])
    close(sw.linear(x, w), X @ P.T)
    close(sw.dot(b, b), P[:, 0] @ P[:, 0])
    close(sw.outer(b, b), np.outer(P[:, 0], P[:, 0]))


# ---- movement
def test_movement() -> None:
    x = sw.Tensor(X)
    close(sw.reshape(x, (2, -1)), X.reshape(2, -1))
    close(sw.transpose(x), X.T)
    close(sw.permute(x, (1, 0)), X.T)
    close(sw.concat((x, x), axis=-1), np.concatenate((X, X), -1))
    close(sw.stack((x, x)), np.stack((X, X)))
    close(sw.stack((x, x), axis=-1), np.stack((X, X), -1))
    close(sw.stack((x, x), axis=1), np.stack((X, X), 1))
    a, b, c = sw.split(x, (1, 0, 3), axis=1)
    close(sw.concat((a, b, c), 1), X)
    assert [p.shape for p in sw.split(x, 3, axis=1)] == [(3, 3), (3, 1)]
    close(sw.flip(x), X[::-1, ::-1])
    close(sw.flip(x, 1), X[:, ::-1])
    close(sw.roll(x, 1, 1), np.roll(X, 1, 1))
    close(sw.roll(x, -6, 0), np.roll(X, -6, 0))
    close(sw.repeat(x, 2, 1), np.repeat(X, 2, 1))
    close(sw.tril(x), np.tril(X))
    close(sw.triu(x, 1), np.triu(X, 1))
    close(sw.pad(x, 1), np.pad(X, 1))
    close(sw.pad(x, ((0, 1), (2, 0)), 5.0), np.pad(X, ((0, 1), (2, 0)), constant_values=5))
    close(sw.slice(x, (0, 1), (2, 4)), X[0:2, 1:4])
    close(sw.broadcast_to(sw.Tensor(X[0]), (2, -1)), np.broadcast_to(X[0], (2, 4)))
    close(sw.squeeze(sw.unsqueeze(x, 0)), X)
    assert isinstance(sw.flip(sw.IntTensor([1, 2])), sw.IntTensor)
    refused: list[tuple[Callable[[], Any], str]] = [
        (lambda: sw.split(x, (1, 1), axis=1), "sizes"),
        (lambda: sw.concat(()), "got none"),
        (lambda: sw.concat(x), "got one object"),
        (lambda: sw.stack((x, x[0])), "the ranks differ, 2 and 1"),
        (lambda: sw.pad(x, ((1, 1),)), "1 pair of widths for 2 axes"),
    ]
    for bad, text in refused:
        with pytest.raises(sw.ShapeError) as caught:
            bad()
        assert text in caught.value.diagnostic.message  # the whole error shows the line above, with the text


def test_creation() -> None:
    close(sw.zeros((2, 3)), np.zeros((2, 3)))
    close(sw.ones(3, "float64"), np.ones(3))
    assert sw.full((2,), 3).dtype == np.int64
    assert sw.full((), True).dtype == np.bool_
    assert sw.arange(3).tolist() == [0, 1, 2]
    assert sw.arange(5, 0, -2).tolist() == [5, 3, 1]
    close(sw.arange(0.0, 1.0, 0.25), np.arange(0, 1, 0.25))
    close(sw.eye(2, 3), np.eye(2, 3))
    close(sw.linspace(0, 1, 5), np.linspace(0, 1, 5))
    x = sw.Tensor(X)
    close(sw.zeros_like(x), 0 * X)
    close(sw.ones_like(x), 0 * X + 1)
    assert sw.full_like(sw.IntTensor([1, 2]), 7).tolist() == [7, 7]
    with pytest.raises(sw.ShapeError, match="negative"):
        sw.zeros((-2,))
    with pytest.raises(sw.ShapeError, match="made of integers, not float"):
        sw.zeros((2.0,))
    with pytest.raises(sw.DTypeError, match="no element type"):
        sw.zeros((2,), "banana")


# ---- indexing
def test_lookup() -> None:
    x, ids = sw.Tensor(X), sw.IntTensor([[2, 0], [1, 1]])
    close(sw.take(x, ids, axis=0), X[[[2, 0], [1, 1]]])
    close(sw.take(x, ids, axis=-1), np.take(X, [[2, 0], [1, 1]], -1))
    close(sw.embedding(ids, x), X[[[2, 0], [1, 1]]])
    order = np.argsort(X, 1)
    close(sw.take_along_axis(x, sw.IntTensor(order), 1), np.sort(X, 1))
    close(sw.gather(x, order, -1), np.sort(X, 1))
    close(sw.one_hot(sw.IntTensor([0, 2]), 3), np.eye(3)[[0, 2]])
    want = X.copy()
    np.add.at(want, ([0, 0, 2],), 1)
    rows = sw.IntTensor(np.repeat([[0], [0], [2]], 4, 1))
    close(sw.scatter_add(x, rows, sw.ones((3, 4)), 0), want)
    close(sw.index(x, (0, ...)), X[0])
    with pytest.raises(sw.IndexOutOfRange):
        sw.embedding(sw.IntTensor([3]), x)


# ---- rows, losses
def softmax(v: Any) -> Any:
    e = np.exp(v - v.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_rows() -> None:
    x, w, b = sw.Tensor(X), sw.Tensor(P[0]), sw.Tensor(P[1])
    close(sw.softmax(x), softmax(X))
    close(sw.softmax(x, 0), softmax(X.T).T)
    close(sw.log_softmax(x), np.log(softmax(X)))
    normal = (X - X.mean(-1, keepdims=True)) / np.sqrt(X.var(-1, keepdims=True) + 1e-5)
    close(sw.layer_norm(x, w, b), normal * P[0] + P[1], rtol=1e-4)
    close(sw.rms_norm(x, w), X / np.sqrt((X**2).mean(-1, keepdims=True) + 1e-6) * P[0], rtol=1e-4)


def test_normalisation_of_channels() -> None:
    a = RNG.normal(size=(4, 6, 5)).astype(np.float32)
    x, w, b = sw.Tensor(a), sw.ones(6), sw.zeros(6)
    y, (mean, var) = sw.batch_norm(x, w, b, (sw.zeros(6), sw.ones(6)), train=True)
    close(y, (a - a.mean((0, 2), keepdims=True)) / np.sqrt(a.var((0, 2), keepdims=True) + 1e-5), rtol=1e-4, atol=1e-5)
    close(mean, 0.1 * a.mean((0, 2)), atol=1e-5)
    close(var, 0.9 + 0.1 * a.var((0, 2), ddof=1), rtol=1e-4)
    same, state = sw.batch_norm(x, w, b, (sw.zeros(6), sw.ones(6)), train=False)
    close(same, a / np.sqrt(1 + 1e-5), rtol=1e-4)
    assert state[1].tolist() == [1.0] * 6
    g = a.reshape(4, 2, 15)
    want = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + 1e-5)
    close(sw.group_norm(x, 2, w, b), want.reshape(a.shape), rtol=1e-4, atol=1e-5)
    want = (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-5)
    close(sw.instance_norm(x, w, b), want, rtol=1e-4, atol=1e-5)


def test_attention() -> None:
    q, k, v = (RNG.normal(size=(2, n, d)).astype(np.float32) for n, d in ((3, 4), (5, 4), (5, 6)))
    scores = q @ k.transpose(0, 2, 1) / 2
    ours: list[Any] = [sw.Tensor(a) for a in (q, k, v)]
    close(sw.scaled_dot_product_attention(*ours), softmax(scores) @ v, rtol=1e-4)
    keep = np.tril(np.ones((3, 5), bool))
    want = softmax(np.where(keep, scores, -np.inf)) @ v
    close(sw.scaled_dot_product_attention(*ours, is_causal=True), want, rtol=1e-4)
    close(sw.scaled_dot_product_attention(*ours, mask=sw.BoolTensor(keep)), want, rtol=1e-4)
    added = sw.Tensor(np.where(keep, 0, -1e9).astype(np.float32))
    close(sw.scaled_dot_product_attention(*ours, mask=added), want, rtol=1e-4)
    none = sw.scaled_dot_product_attention(*ours, mask=sw.BoolTensor(np.zeros((3, 5), bool)))
    assert (none.numpy() == 0).all()


def test_losses() -> None:
    x, y = sw.Tensor(X), sw.Tensor(P)
    close(sw.mse_loss(x, y), ((X - P) ** 2).mean(), rtol=1e-4)
    close(sw.mse_loss(x, y, reduction="none"), (X - P) ** 2)
    close(sw.l1_loss(x, y, "sum"), np.abs(X - P).sum(), rtol=1e-4)
    d = np.abs(X - P)
    close(sw.huber_loss(x, y), np.where(d < 1, 0.5 * d**2, d - 0.5).mean(), rtol=1e-4)
    s = 1 / (1 + np.exp(-X))
    t = np.clip(P, 0, 1)
    want = -(t * np.log(s) + (1 - t) * np.log(1 - s)).mean()
    close(sw.bce_with_logits(x, sw.Tensor(t)), want, rtol=1e-4)
    close(sw.bce_loss(sw.Tensor(s), sw.Tensor(t)), want, rtol=1e-4)
    q = softmax(P)
    close(sw.kl_div(sw.log_softmax(x), sw.Tensor(q), "sum"), (q * np.log(q / softmax(X))).sum(), rtol=1e-4)
    with pytest.raises(sw.OptionError, match="reduction"):
        sw.mse_loss(x, y, reduction="avg")
    with pytest.raises(sw.ShapeError, match="a loss does not broadcast"):
        sw.l1_loss(x, y[0])


def test_cross_entropy() -> None:
    x, ids, w = sw.Tensor(X), np.array([1, 3, 0]), P[0]
    logp = np.log(softmax(X))
    rows = -logp[np.arange(3), ids]
    targets = sw.IntTensor(ids)
    close(sw.cross_entropy(x, targets), rows.mean())
    close(sw.cross_entropy(x, targets, reduction="none"), rows)
    close(sw.nll_loss(sw.log_softmax(x), targets), rows.mean())
    close(sw.cross_entropy(x, targets, weight=sw.Tensor(w)), (rows * w[ids]).sum() / w[ids].sum())
    close(sw.cross_entropy(x, targets, ignore_index=3), rows[[0, 2]].mean())
    close(
        sw.cross_entropy(x, targets, sw.Tensor(w), ignore_index=3),
        (rows * w[ids])[[0, 2]].sum() / w[ids][[0, 2]].sum(),
    )
    smooth = 0.9 * rows - 0.1 * logp.mean(-1)
    close(sw.cross_entropy(x, targets, label_smoothing=0.1), smooth.mean())
    spread = -(logp * w).sum(-1)
    close(
        sw.cross_entropy(x, targets, sw.Tensor(w), label_smoothing=0.1),
        (0.9 * (rows * w[ids]).sum() + 0.1 / 4 * spread.sum()) / w[ids].sum(),
    )
    p = softmax(P)
    close(sw.cross_entropy(x, sw.Tensor(p)), -(p * logp).sum(-1).mean())
    close(sw.cross_entropy(x, sw.Tensor(np.eye(4, dtype=np.float32)[ids]), label_smoothing=0.1), smooth.mean())
    with pytest.raises(sw.IndexOutOfRange):
        sw.cross_entropy(x, sw.IntTensor([0, 4, 1]))
    with pytest.raises(sw.IndexOutOfRange):
        sw.cross_entropy(x, sw.IntTensor([0, 4, 1]), weight=sw.Tensor(w))
    with pytest.raises(sw.OptionError, match="label_smoothing"):
        sw.cross_entropy(x, targets, label_smoothing=2.0)
    labels: Any = sw.Tensor([0.0, 1.0, 2.0])
    with pytest.raises(sw.ShapeError, match=r'write `sw\.cross_entropy\(x, labels\.astype\("int64"\)\)`'):
        sw.cross_entropy(x, labels)


# ---- random
def test_random_with_a_key() -> None:
    k = sw.Key(3)
    assert (sw.normal((5,), key=k).numpy() == sw.normal((5,), key=3).numpy()).all()
    a = sw.normal((20000,), mean=1.0, std=2.0, key=k).numpy()
    assert abs(a.mean() - 1) < 0.05
    assert abs(a.std() - 2) < 0.05
    u = sw.uniform((20000,), low=-1.0, high=1.0, key=k, dtype="float64").numpy()
    assert u.dtype == np.float64
    assert abs(u.mean()) < 0.02
    assert abs(sw.bernoulli(0.3, (20000,), key=k).numpy().mean() - 0.3) < 0.02
    i = sw.randint(2, 5, (1000,), key=k).numpy()
    assert set(i.tolist()) == {2, 3, 4}


def test_draws_without_a_key_differ() -> None:
    a, b = sw.normal((8,)), sw.normal((8,))
    assert (a.numpy() != b.numpy()).any()


def test_dropout() -> None:
    x = sw.ones((1000,))
    y = sw.dropout(x, 0.25, key=0).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75], rtol=1e-6)
    assert abs((y == 0).mean() - 0.25) < 0.05
    assert sw.dropout(x, 0.5, train=False) is x
    with pytest.raises(sw.OptionError, match="no probability"):
        sw.dropout(x, 1.5)


def test_keys() -> None:
    k = sw.Key(5)
    assert k == sw.Key(5)
    assert len({k, *k.split(3), k.fold_in(0), k.fold_in(1), k.fold_in(1 << 40)}) == 7
    assert k.split(2) == k.split(3)[:2]
    assert sw.Key(-1).words == (0xFFFFFFFF, 0xFFFFFFFF)
    with pytest.raises(sw.OptionError, match="a seed is an int"):
        sw.Key(1.5)
    with pytest.raises(sw.OptionError, match="fold_in"):
        k.fold_in(-1)


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_known_answers(key: tuple[int, int], counter: tuple[int, int], words: tuple[int, int]) -> None:
    """The vectors of Random123 1.14 (kat_vectors, threefry2x32 with 20 rounds)."""
    from shapewright.compiler.ops.threefry import threefry

    assert tuple(int(w) for w in threefry(*key, *counter)) == words
