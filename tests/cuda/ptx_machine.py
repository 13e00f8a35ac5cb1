"""Runs PTX without a GPU: enough of the instruction set for kernels that call no device functions.

Every thread of a block is stepped alone until it waits at a shuffle or a barrier; memory is the NumPy arrays that were
handed over, and touching anything else, or an address that is not aligned, is an error.
"""

from __future__ import annotations

import math
import operator
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Values = dict[str, int]
Read = Callable[[Values], int]
Step = Callable[["Thread"], None]

# ---- numbers: registers hold bits; the type is the instruction's


def decode(kind: str, bits: int) -> Any:
    """The number that bits mean in a PTX type."""
    if kind in ("f32", "f64"):
        size = 4 if kind == "f32" else 8
        return struct.unpack("<f" if size == 4 else "<d", (bits & (1 << 8 * size) - 1).to_bytes(size, "little"))[0]
    if kind == "pred":
        return bits & 1
    width = int(kind[1:])
    bits &= (1 << width) - 1
    return bits - (1 << width) if kind[0] == "s" and bits >> (width - 1) else bits


def encode(kind: str, value: Any) -> int:
    """The bits of a number in a PTX type."""
    if kind == "f32":
        with np.errstate(all="ignore"):
            return int(np.float32(value).view(np.uint32))
    if kind == "f64":
        return int(np.float64(value).view(np.uint64))
    if kind == "pred":
        return int(value) & 1
    return int(value) & (1 << int(kind[1:])) - 1


def quotient(a: Any, b: Any) -> Any:
    """Division as the machine does it: integers towards zero, floats by IEEE."""
    if isinstance(a, float):
        with np.errstate(all="ignore"):
            return float(np.float64(a) / np.float64(b))
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def extreme(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """max or min of numbers; of floats, NaN where either is (the `.NaN` instructions: no others occur)."""
    return lambda a, b: math.nan if a != a or b != b else choose(a, b)


def insert(a: int, b: int, position: int, length: int) -> int:
    """bfi: the low bits of a put into b."""
    mask = ((1 << length) - 1) << position
    return (b & ~mask) | (a << position & mask)


UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "abs": abs, "not": lambda a: ~a}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": quotient, "and": lambda a, b: a & b,
    "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b, "max": extreme(max), "min": extreme(min),
    "rem": lambda a, b: a - b * quotient(a, b),
}  # fmt: skip
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": lambda a, b: a != b and a == a and b == b, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge, "nan": lambda a, b: a != a or b != b, "num": lambda a, b: a == a and b == b,
    "neu": operator.ne, "ltu": lambda a, b: not a >= b, "leu": lambda a, b: not a > b, "gtu": lambda a, b: not a <= b,
    "geu": lambda a, b: not a < b, "equ": lambda a, b: a == b or a != a or b != b, "lo": operator.lt, "hi": operator.gt,
}  # fmt: skip


def unary(name: str, kind: str, to: str) -> Callable[[int], int]:
    """What an instruction with one operand does to bits."""
    if name == "mov":
        return lambda a: a
    if name == "cvt":
        return lambda a: encode(to, decode(kind, a) if to[0] == "f" else int(decode(kind, a)))
    function = UNARY[name]
    return lambda a: encode(kind, function(decode(kind, a)))


def binary(name: str, kind: str, words: list[str]) -> Callable[[int, int], int]:
    """What an instruction with two operands does to bits."""
    if name == "setp":
        compare = COMPARISONS[words[0]]
        return lambda a, b: int(compare(decode(kind, a), decode(kind, b)))
    if name in ("shl", "shr"):
        width = int(kind[1:])
        if name == "shl":
            return lambda a, n: encode(kind, decode(kind, a) << min(n, width))
        return lambda a, n: encode(kind, decode(kind, a) >> min(n, width))
    function = BINARY[name]
    result = f"{kind[0]}{2 * int(kind[1:])}" if "wide" in words else kind
    down = int(kind[1:]) if "hi" in words else 0
    if down:
        return lambda a, b: encode(result, function(decode(kind, a), decode(kind, b)) >> down)
    return lambda a, b: encode(result, function(decode(kind, a), decode(kind, b)))


def ternary(name: str, kind: str) -> Callable[[int, int, int], int]:
    """What an instruction with three operands does to bits."""
    if name == "selp":
        return lambda a, b, p: a if p else b
    if name == "shf":  # left, wrapping around
        return lambda low, high, n: encode("b32", (high << (n & 31)) | (low >> (32 - (n & 31))))
    assert name in ("fma", "mad")
    return lambda a, b, c: encode(kind, decode(kind, a) * decode(kind, b) + decode(kind, c))


# ---- threads


@dataclass
class Thread:
    """One thread: registers by name, the next instruction, and what it waits for."""

    number: int
    registers: Values
    at: int = 0
    waits: Wait | None = None
    done: bool = False


@dataclass(frozen=True)
class Wait:
    """A shuffle (`lanes`: in which bits the number of the other lane differs) or a barrier; `target` takes the result."""

    kind: str
    target: str
    value: Read
    lanes: Read


@dataclass
class Memory:
    """Arrays at their own addresses, and the shared memory of a block at small ones."""

    arrays: Sequence[Array]
    shared: bytearray = field(default_factory=bytearray)

    def place(self, space: str, address: int, size: int) -> memoryview:
        """The bytes at an address."""
        if address % size:
            raise IndexError(f"address {address} is not a multiple of {size}")
        if space == "shared":
            if not 0 <= address <= len(self.shared) - size:
                raise IndexError("outside shared memory")
            return memoryview(self.shared)[address : address + size]
        for array in self.arrays:
            start = address - array.ctypes.data
            if 0 <= start <= array.nbytes - size:
                flat: Any = array.reshape(-1).view(np.uint8)
                return memoryview(flat)[start : start + size]
        raise IndexError("outside every array")


class Program:
    """The instructions of one kernel."""

    def __init__(self, ptx: str) -> None:
        body = re.split(r"^\.(?:visible|weak) \.entry ", ptx, flags=re.MULTILINE)[1]
        self.parameters: list[str] = re.findall(r"\.param \.u64 (\w+)", body.partition(")")[0])
        self.symbols, self.room = dict[str, int](), 0
        for align, name, size in re.findall(r"\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\]", ptx):
            self.symbols[name] = self.room = -(-self.room // int(align)) * int(align)
            self.room += int(size)
        self.labels, self.texts = dict[str, int](), list[str]()
        for raw in body.partition("{")[2].splitlines():
            line = raw.partition("//")[0].strip()
            if line.startswith("$") and line.endswith(":"):
                self.labels[line[:-1]] = len(self.texts)
            elif line.endswith(";") and not line.startswith("."):
                self.texts.append(line[:-1])
        self.memory = Memory(())
        self.steps = [self.translate(text) for text in self.texts]

    # ---- translation
    def read(self, text: str) -> Read:
        """How an operand is read: a register, a number or a symbol."""
        if text.startswith(("0f", "0d")):
            number = int(text[2:], 16)
        elif re.fullmatch(r"-?\d+|0x[0-9A-Fa-f]+", text):
            number = int(text, 0)
        elif text in self.symbols:
            number = self.symbols[text]
        else:
            return lambda registers: registers[text]
        return lambda registers: number

    def translate(self, text: str) -> Step:
        """One instruction as a function of the thread."""
        guard, text = (text[1:].split(None, 1)) if text.startswith("@") else ("", text)
        name, _, rest = text.partition(" ") if " " in text else text.partition("\t")
        operands = [part.strip() for part in re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s|]+", rest)]
        step = self.instruction(name.strip().split("."), operands)
        if not guard:
            return step
        wanted, predicate = (0, guard[1:]) if guard.startswith("!") else (1, guard)

        def guarded(thread: Thread) -> None:
            if thread.registers[predicate] == wanted:
                step(thread)

        return guarded

    def instruction(self, words: list[str], operands: list[str]) -> Step:
        name = words[0]
        if name in ("ret", "bra"):
            return self.jump(name, operands)
        if name in ("ld", "st"):
            return self.access(words, operands)
        if name == "shfl":
            return self.wait("shfl", operands[0], operands[-4], operands[-3])
        if name == "bar":
            return self.wait(words[2] if len(words) > 2 else "sync", operands[0], operands[-1])
        sources = [self.read(text) for text in operands[1:]]
        compute = self.computation(words, len(sources))
        target = operands[0]

        def step(thread: Thread) -> None:
            thread.registers[target] = compute(*[source(thread.registers) for source in sources])

        return step

    def computation(self, words: list[str], operands: int) -> Callable[..., int]:
        """What an instruction without memory does to the bits of its operands."""
        name, kind = words[0], words[-1]
        assert name not in ("max", "min") or kind[0] != "f" or "NaN" in words
        match operands:
            case 1:
                return unary(name, kind, words[-2])
            case 2:
                return binary(name, kind, words[1:-1])
            case 3:
                return ternary(name, kind)
            case _:
                assert name == "bfi"
                return insert

    def jump(self, name: str, operands: list[str]) -> Step:
        def finish(thread: Thread) -> None:
            thread.done = True

        def go(thread: Thread) -> None:
            thread.at = self.labels[operands[0]]

        return finish if name == "ret" else go

    def wait(self, kind: str, target: str, value: str, lanes: str = "0") -> Step:
        waits = Wait(kind, target, self.read(value), self.read(lanes))

        def stop(thread: Thread) -> None:
            thread.waits = waits

        return stop

    def access(self, words: list[str], operands: list[str]) -> Step:
        """A load or a store of one element or of a vector of them."""
        space, count = words[1], int(words[2][1:]) if re.fullmatch(r"v\d", words[2]) else 1
        size = int(words[-1][1:]) // 8
        place, other = (operands[1], operands[0]) if words[0] == "ld" else (operands[0], operands[1])
        base, _, offset = place.strip("[]").partition("+")
        names = [part.strip() for part in other.strip("{}").split(",")]
        if space == "param":
            return lambda thread: thread.registers.update({names[0]: thread.registers[base]})
        address, shift = self.read(base), int(offset or 0)
        sources = [self.read(name) for name in names] if words[0] == "st" else []

        def load(thread: Thread) -> None:
            block = self.memory.place(space, address(thread.registers) + shift, size * count)
            for i, name in enumerate(names):
                thread.registers[name] = int.from_bytes(block[i * size : (i + 1) * size], "little")

        def store(thread: Thread) -> None:
            block = self.memory.place(space, address(thread.registers) + shift, size * count)
            for i, source in enumerate(sources):
                bits = source(thread.registers) & (1 << 8 * size) - 1
                block[i * size : (i + 1) * size] = bits.to_bytes(size, "little")

        return store if sources else load

    # ---- running
    def launch(self, grid: int, block: int, arguments: Sequence[int], arrays: Sequence[Array]) -> None:
        """Run the kernel on `arrays`, whose addresses are among the arguments."""
        for number in range(grid):
            self.memory = Memory(arrays, bytearray(b"\xff" * self.room))
            facts = {"%ctaid.x": number, "%nctaid.x": grid, "%ntid.x": block}
            facts |= dict(zip(self.parameters, (v & 2**64 - 1 for v in arguments), strict=True))
            threads = [Thread(i, {**facts, "%tid.x": i}) for i in range(block)]
            while not all(thread.done for thread in threads):
                for thread in threads:
                    self.advance(thread)
                self.meet(threads)

    def advance(self, thread: Thread) -> None:
        """Step a thread until it waits or ends."""
        while not thread.done and thread.waits is None:
            step = self.steps[thread.at]
            thread.at += 1
            step(thread)

    def meet(self, threads: list[Thread]) -> None:
        """Let warps exchange, else let the block pass its barrier."""
        moved = False
        for start in range(0, len(threads), 32):
            warp = threads[start : start + 32]
            waits = warp[0].waits
            if waits is not None and waits.kind == "shfl" and all(t.waits is waits for t in warp):
                values = [waits.value(t.registers) for t in warp]
                for t in warp:
                    t.registers[waits.target] = values[(t.number % 32) ^ waits.lanes(t.registers)]
                    t.waits, moved = None, True
        living = [t for t in threads if not t.done]
        if moved or not living:
            return
        waits = living[0].waits
        if (
            waits is None
            or waits.kind == "shfl"
            or len(living) < len(threads)
            or any(t.waits is not waits for t in living)
        ):
            raise RuntimeError("threads wait for each other at different places")
        votes = [waits.value(t.registers) if waits.kind != "sync" else 0 for t in living]
        for t in living:
            if waits.kind in ("or", "and"):
                t.registers[waits.target] = int(any(votes) if waits.kind == "or" else all(votes))
            t.waits = None
