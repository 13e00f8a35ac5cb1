"""Sizes of axes: plain ints, or polynomials with integer coefficients over named run-time sizes.

`Size = int | Poly`. A `Poly` is never constant (arithmetic returns an int as soon as no symbol is left), so eager
shapes are ordinary tuples of ints. Two sizes are equal exactly when their normal forms are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import SupportsIndex, TypeAlias, cast, final

from .int_like import IntLike, is_real_number
from .loc import asked_by_user


@final
@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A size that is known only when the program runs. `key` tells two axes of the same name apart."""

    name: str
    key: str = ""


@final
@dataclass(frozen=True, slots=True)
class Quotient:
    """`left // right` (or `left % right`) that has no polynomial form: an opaque atom."""

    left: Size
    right: Size
    remainder: bool

    @property
    def name(self) -> str:
        """As in error messages: (N // 2)."""
        return f"({self.left} {'%' if self.remainder else '//'} {self.right})"


Atom: TypeAlias = "Symbol | Quotient"
Monomial: TypeAlias = "tuple[Atom, ...]"  # with repetition, in order of name

# Set by a recorder: called when Python code needs the number behind a symbolic size.
concretize: Callable[[Poly], int] | None = None


@final
@dataclass(frozen=True, slots=True)
class Poly(IntLike):
    """A polynomial in normal form: monomial -> nonzero coefficient, ordered."""

    terms: tuple[tuple[Monomial, int], ...]

    def __eq__(self, other: object) -> bool:
        """Eager execution compares numbers, so recorded code of the user does; the library compares normal forms."""
        if isinstance(other, Poly):
            return self.terms == other.terms or (_number_wanted() and int(self) == int(other))
        if not is_real_number(other):
            return NotImplemented
        return _number_wanted() and int(self) == other

    def __hash__(self) -> int:
        """That of the number for a set or dict of the user's, which may have plain numbers in it."""
        return hash(int(self)) if _number_wanted() else hash(self.terms)

    def __bool__(self) -> bool:
        return not _number_wanted() or int(self) != 0

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        return (int, (int(self),)) if _number_wanted() else object.__reduce_ex__(self, protocol)

    def __add__(self, other: Size) -> Size:
        if not _is_size(other):
            return _as_number(self, other, "__add__")
        return _combine(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Size) -> Size:
        if not _is_size(other):
            return _as_number(self, other, "__sub__")
        return _combine(self, other, -1)

    def __rsub__(self, other: Size) -> Size:
        if not _is_size(other):
            return _as_number(self, other, "__rsub__")
        return _combine(self * -1, other, 1)

    def __mul__(self, other: Size) -> Size:
        if not _is_size(other):
            return _as_number(self, other, "__mul__")
        out: dict[Monomial, int] = {}
        for a, x in self.terms:
            for b, y in _terms(other):
                key = tuple(sorted(a + b, key=_order))
                out[key] = out.get(key, 0) + x * y
        return _normal(out)

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        return divide(self, other) if _divides(other) else _as_number(self, other, "__floordiv__")

    def __rfloordiv__(self, other: int) -> Size:
        return divide(other, self) if _is_size(other) else _as_number(self, other, "__rfloordiv__")

    def __mod__(self, other: Size) -> Size:
        return remainder(self, other) if _divides(other) else _as_number(self, other, "__mod__")

    def __rmod__(self, other: int) -> Size:
        return remainder(other, self) if _is_size(other) else _as_number(self, other, "__rmod__")

    def __divmod__(self, other: Size) -> tuple[Size, Size]:
        return self // other, self % other

    def __rdivmod__(self, other: int) -> tuple[Size, Size]:
        return other // self, other % self

    def __neg__(self) -> Size:
        return self * -1

    def __pos__(self) -> Size:
        return self

    def __pow__(self, exponent: Size | float, modulus: int | None = None) -> Size | float:
        """A power with a whole exponent is a polynomial; any other (`n ** 0.5`) needs the number."""
        if modulus is not None:
            return pow(int(self), int(exponent), int(modulus))
        if isinstance(exponent, int) and exponent >= 0:
            factors: list[Size] = [self] * exponent
            return product(factors)
        power: float = int(self) ** (int(exponent) if isinstance(exponent, Poly) else exponent)
        return power

    def __rpow__(self, base: float) -> float:
        power: float = base ** int(self)
        return power

    def __int__(self) -> int:
        if concretize is None:
            raise TypeError(f"the size {self} is not known before the program runs")
        return concretize(self)

    def __truediv__(self, other: float) -> float:
        return int(self) / float(other) if _is_size(other) or _is_float(other) else NotImplemented

    def __rtruediv__(self, other: float) -> float:
        return other / int(self)

    def __str__(self) -> str:
        parts: list[str] = []
        for mono, k in self.terms:
            names = "*".join(a.name for a in mono)
            text = str(abs(k)) if not mono else names if abs(k) == 1 else f"{abs(k)}*{names}"
            parts.append(("- " if k < 0 else "+ " if parts else "") + text)
        return " ".join(parts).replace("- ", "-", 1) if parts[0].startswith("- ") else " ".join(parts)

    __repr__ = __str__


def _is_size(x: object) -> bool:
    return isinstance(x, int | Poly)


def _is_float(x: object) -> bool:
    return isinstance(x, float)


def _divides(x: object) -> bool:
    if isinstance(x, int) and x == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    return _is_size(x)


def _as_number(size: Poly, other: object, method: str) -> Size:
    """Arithmetic with a float needs the number; with anything else (a tensor) it is up to the other side."""
    return cast("Size", getattr(float(size), method)(other) if _is_float(other) else NotImplemented)


def _number_wanted() -> bool:
    """Whether the user's code, which is recorded, does what needs the number of a size."""
    return concretize is not None and asked_by_user(2)


Size: TypeAlias = "int | Poly"
Shape: TypeAlias = "tuple[Size, ...]"


def _order(atom: Atom) -> tuple[str, str]:
    return (atom.name, atom.key if isinstance(atom, Symbol) else "")


def _terms(size: Size) -> tuple[tuple[Monomial, int], ...]:
    return size.terms if isinstance(size, Poly) else (((), size),)


def _normal(terms: dict[Monomial, int]) -> Size:
    kept = {m: k for m, k in terms.items() if k}
    if all(m == () for m in kept):
        return kept.get((), 0)
    return Poly(tuple(sorted(kept.items(), key=lambda t: (-len(t[0]), [_order(a) for a in t[0]]))))


def _combine(a: Size, b: Size, sign: int) -> Size:
    out = dict(_terms(a))
    for mono, k in _terms(b):
        out[mono] = out.get(mono, 0) + sign * k
    return _normal(out)


def _atom(atom: Atom) -> Poly:
    return Poly((((atom,), 1),))


def symbol(name: str, key: str = "") -> Poly:
    """A run-time size as a polynomial."""
    return _atom(Symbol(name, key))


def exact_quotient(a: Size, b: Size) -> Size | None:
    """`a / b` if it is a polynomial with integer coefficients, else None. `b` may have one term."""
    if b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b if a % b == 0 else None
    if a == b:
        return 1
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    (mono, k) = divisor[0]
    out: dict[Monomial, int] = {}
    for m, c in _terms(a):
        rest = list(m)
        for atom in mono:
            if atom not in rest:
                return None
            rest.remove(atom)
        if c % k:
            return None
        out[tuple(rest)] = c // k
    return _normal(out)


def divide(a: Size, b: Size) -> Size:
    """Floor division; an opaque atom where it has no polynomial form."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    exact = exact_quotient(a, b)
    return exact if exact is not None else _atom(Quotient(a, b, False))


def remainder(a: Size, b: Size) -> Size:
    """`a % b`; an opaque atom where it has no polynomial form."""
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    return 0 if exact_quotient(a, b) is not None else _atom(Quotient(a, b, True))


def product(sizes: tuple[Size, ...] | list[Size]) -> Size:
    """The number of elements of a shape."""
    out: Size = 1
    for s in sizes:
        out = out * s
    return out


def symbols(size: Size) -> frozenset[Symbol]:
    """The run-time sizes a size depends on."""
    found: set[Symbol] = set()
    for mono, _ in _terms(size):
        for atom in mono:
            found |= {atom} if isinstance(atom, Symbol) else symbols(atom.left) | symbols(atom.right)
    return frozenset(found)


def evaluate(size: Size, env: Mapping[Symbol, int]) -> int:
    """The number a size stands for, given the run-time sizes."""
    if isinstance(size, int):
        return size
    total = 0
    for mono, k in size.terms:
        for atom in mono:
            if isinstance(atom, Symbol):
                k *= env[atom]
            else:
                left, right = evaluate(atom.left, env), evaluate(atom.right, env)
                k *= left % right if atom.remainder else left // right
        total += k
    return total


def substitute(size: Size, env: Mapping[Symbol, int]) -> Size:
    """A size with some symbols replaced by numbers."""
    if isinstance(size, int):
        return size
    total: Size = 0
    for mono, k in size.terms:
        term: Size = k
        for atom in mono:
            if isinstance(atom, Symbol):
                term = term * (env[atom] if atom in env else _atom(atom))
            else:
                left, right = substitute(atom.left, env), substitute(atom.right, env)
                term = term * (remainder(left, right) if atom.remainder else divide(left, right))
        total = total + term
    return total
