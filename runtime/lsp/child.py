"""The process that the server starts for a file: it checks it, or compiles its functions."""

from __future__ import annotations

from ..check import worker


def main(file: str, answer: str, started: float, what: str, about: str) -> None:
    """Do something with a file, and write what was found to the file `answer`.

    what: "check" it; "try" the text in the file `about` in the place of its own; "kernels", to compile its functions, for
    the optimizer `about`.
    """
    if what == "check":
        worker.main(file, answer, started, costs=True)
    elif what == "try":
        worker.main(file, answer, started, instead=about)
    else:
        from .programs import main as compile_file

        compile_file(file, answer, about)
