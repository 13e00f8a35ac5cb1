"""Runs PTX without a GPU: enough of the instruction set for kernels that call no device functions.

Every thread of a block is stepped alone until it waits at a shuffle or a barrier; memory is the NumPy arrays that were
handed over, and touching anything else, or an address that is not aligned, is an error. `Program(ptx)[grid, block]` runs
on any memory of this process, as the simulator's kernels do.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .ptx_numbers import binary, insert, ternary, unary

Array = np.ndarray[Any, Any]
Values = dict[str, int]
Read = Callable[[Values], int]
Step = Callable[["Thread"], None]

# ---- threads


@dataclass
class Thread:
    """One thread: registers by name, the next instruction, and what it waits for."""

    number: int
    registers: Values
    at: int = 0
    waits: Wait | None = None
    done: bool = False
    memory: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Wait:
    """A shuffle (`lanes`: in which bits the number of the other lane differs), a vote of a warp, or a barrier, perhaps
    with a vote of the block; `target` takes the result."""

    kind: str
    target: str
    value: Read
    lanes: Read


@dataclass
class Memory:
    """Arrays at their own addresses (None: any address), and the shared memory of a block at small ones."""

    arrays: Sequence[Array] | None
    shared: bytearray = field(default_factory=bytearray)

    def place(self, space: str, address: int, size: int) -> memoryview:
        """The bytes at an address."""
        if address % size:
            raise IndexError(f"address {address} is not a multiple of {size}")
        if space == "shared":
            if not 0 <= address <= len(self.shared) - size:
                raise IndexError("outside shared memory")
            return memoryview(self.shared)[address : address + size]
        if self.arrays is None:
            if address < 4096:
                raise IndexError(f"address {address} is nobody's")
            return memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")
        for array in self.arrays:
            start = address - array.ctypes.data
            if 0 <= start <= array.nbytes - size:
                flat: Any = array.reshape(-1).view(np.uint8)
                return memoryview(flat)[start : start + size]
        raise IndexError("outside every array")


def same(value: int) -> int:
    """The operand as it is."""
    return value


def unknown(text: str) -> Step:
    """An instruction that must not be reached."""

    def stop(thread: Thread) -> None:
        raise NotImplementedError(text)

    return stop


class Program:
    """The instructions of one kernel."""

    def __init__(self, ptx: str) -> None:
        body = re.split(r"^\.(?:visible|weak) \.entry ", ptx, flags=re.MULTILINE)[1]
        self.parameters: list[str] = re.findall(r"\.param \.u64 (\w+)", body.partition(")")[0])
        self.symbols, self.room = dict[str, int](), 0
        for align, name, size in re.findall(r"\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\]", ptx):
            self.symbols[name] = self.room = -(-self.room // int(align)) * int(align)
            self.room += int(size)
        self.tables: list[Array] = []
        for name, values in re.findall(r"\.global \.align \d+ \.b8 (\w+)\[\d+\] = \{([\d, ]+)\}", ptx):
            self.tables.append(np.array(values.split(","), np.uint8))
            self.symbols[name] = self.tables[-1].ctypes.data
        self.stack = 0  # bytes of each thread's own memory
        for name, size in re.findall(r"\.local \.align \d+ \.b8 (\w+)\[(\d+)\]", ptx):
            self.symbols[name], self.stack = 0, int(size)
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
        elif not text.startswith("%"):
            number = 0  # nobody's: for the far side of sine and cosine only
        else:
            return lambda registers: registers.get(text, UNDEFINED)  # a device computes with them, in vain
        return lambda registers: number

    def translate(self, text: str) -> Step:
        """One instruction as a function of the thread."""
        whole = text
        guard, text = (text[1:].split(None, 1)) if text.startswith("@") else ("", text)
        name, _, rest = text.partition(" ") if " " in text else text.partition("\t")
        operands = [part.strip() for part in re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s|]+", rest)]
        try:
            step = self.instruction(name.strip().split("."), operands)
        except (KeyError, IndexError, AssertionError):  # calls of functions, and the far side of sine and cosine
            return unknown(whole)
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
        if name == "mov" and "{" in "".join(operands):
            return self.halves(operands[0], operands[1])
        if name == "vote":
            return self.wait(words[2], operands[0], operands[1])
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
        if name == "cvta":  # memory of a thread has addresses of its own here
            return same
        assert name not in ("max", "min") or kind[0] != "f" or "NaN" in words
        match operands:
            case 1:
                return unary(name, kind, words[1:-1])
            case 2:
                return binary(name, kind, words[1:-1])
            case 3:
                return ternary(name, kind, words[1:-1])
            case _:
                assert name == "bfi"
                return insert

    def halves(self, target: str, source: str) -> Step:
        """A mov between 64 bits and two times 32."""
        into, out = ([part.strip() for part in text.strip("{}").split(",")] for text in (target, source))
        reads = [self.read(text) for text in out]

        def step(thread: Thread) -> None:
            bits = sum((read(thread.registers) & 2**32 - 1) << 32 * i for i, read in enumerate(reads))
            if len(reads) == 1:
                bits = reads[0](thread.registers)
            for i, name in enumerate(into):
                thread.registers[name] = bits >> 32 * i & (2**32 - 1 if len(into) == 2 else 2**64 - 1)

        return step

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
        space, count = words[1], next((int(word[1:]) for word in words if re.fullmatch(r"v\d", word)), 1)
        size = int(words[-1][1:]) // 8
        place, other = (operands[1], operands[0]) if words[0] == "ld" else (operands[0], operands[1])
        base, _, offset = place.strip("[]").partition("+")
        names = [part.strip() for part in other.strip("{}").split(",")]
        if space == "param":
            return lambda thread: thread.registers.update({names[0]: thread.registers[base]})
        address, shift = self.read(base), int(offset or 0)
        sources = [self.read(name) for name in names] if words[0] == "st" else []

        def memory(thread: Thread) -> memoryview:
            at = address(thread.registers) + shift
            if space == "local":
                return memoryview(thread.memory)[at : at + size * count]
            return self.memory.place(space, at, size * count)

        def load(thread: Thread) -> None:
            block = memory(thread)
            for i, name in enumerate(names):
                thread.registers[name] = int.from_bytes(block[i * size : (i + 1) * size], "little")

        def store(thread: Thread) -> None:
            block = memory(thread)
            for i, source in enumerate(sources):
                bits = source(thread.registers) & (1 << 8 * size) - 1
                block[i * size : (i + 1) * size] = bits.to_bytes(size, "little")

        return store if sources else load

    # ---- running
    def __getitem__(self, configuration: tuple[int, int]) -> Callable[..., None]:
        return lambda *arguments: self.launch(*configuration, arguments, None)

    def launch(self, grid: int, block: int, arguments: Sequence[int], arrays: Sequence[Array] | None) -> None:
        """Run the kernel on `arrays`, whose addresses are among the arguments."""
        for number in range(grid):
            known = None if arrays is None else [*arrays, *self.tables]
            self.memory = Memory(known, bytearray(b"\xff" * self.room))
            facts = {"%ctaid.x": number, "%nctaid.x": grid, "%ntid.x": block}
            facts |= dict(zip(self.parameters, (v & 2**64 - 1 for v in arguments), strict=True))
            threads = [Thread(i, {**facts, "%tid.x": i}, memory=bytearray(b"\xff" * self.stack)) for i in range(block)]
            with np.errstate(all="ignore"):
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
            if waits is None or waits.kind not in ("shfl", "any", "all") or any(t.waits is not waits for t in warp):
                continue
            moved = True
            values = [waits.value(t.registers) for t in warp]
            for t in warp:
                other = values[(t.number % 32) ^ waits.lanes(t.registers)]
                t.registers[waits.target] = other if waits.kind == "shfl" else int(VOTES[waits.kind](values))
                t.waits = None
        living = [t for t in threads if not t.done]
        if moved or not living:
            return
        waits = living[0].waits
        if waits is None or len(living) < len(threads) or any(t.waits is not waits for t in living):
            raise RuntimeError("threads wait for each other at different places")
        values = [waits.value(t.registers) if waits.kind in VOTES else 0 for t in living]
        for t in living:
            if waits.kind in VOTES:
                t.registers[waits.target] = int(VOTES[waits.kind](values))
            t.waits = None


UNDEFINED = 0x7FC0_0000  # what a register holds that nobody has written: a NaN
VOTES: dict[str, Callable[[list[int]], bool]] = {"any": any, "all": all, "or": any, "and": all}
