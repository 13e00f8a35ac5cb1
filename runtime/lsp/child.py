"""The process that the server starts for a file: it checks it, or compiles its functions, and ends with the server."""

from __future__ import annotations

import os
import threading

from ..check import worker


def main(file: str, answer: str, started: float, what: str, about: str) -> None:
    """Do something with a file, and write what was found to the file `answer`.

    what: "check" it; "try" the text in the file `about` in the place of its own; "kernels", to compile its functions, for
    the optimizer `about`.
    """
    end_with_parent()
    if what == "check":
        worker.main(file, answer, started, costs=True)
    elif what == "try":
        worker.main(file, answer, started, instead=about)
    else:
        from .programs import main as compile_file

        compile_file(file, answer, about)


def end_with_parent() -> None:
    """End this process when its standard input does, which the server holds open. User code gets an empty one."""
    held = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def wait() -> None:
        while os.read(held, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
