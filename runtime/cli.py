"""The command line: `shapewright` = `python -m shapewright`."""

from __future__ import annotations

import importlib.util
import sys
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..compiler.errors import ShapewrightError

if TYPE_CHECKING:
    from ..compiler.program import Program

app = typer.Typer(
    name="shapewright",
    help="Typed tensors and one loss, eager or compiled to readable kernels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cache_app = typer.Typer(help="The folder of generated kernels.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")


@app.command()
def demo(
    epochs: Annotated[int, typer.Option(min=1, help="passes over the training images")] = 40,
    kernels: Annotated[bool, typer.Option(help="print three of the generated kernels")] = True,
) -> None:
    """Train a typed MLP on scikit-learn's digits, eagerly and compiled, and show the kernels."""
    from .demo import run

    raise typer.Exit(run(epochs=epochs, show_kernels=kernels))


@app.command()
def inspect(
    target: Annotated[str, typer.Argument(help="FILE.py:NAME, a trainer, a program, or a function that returns one")],
) -> None:
    """Print the kernels of a trainer or program, with the lines of the loss they came from."""
    from .report import inspect as report

    try:
        typer.echo(str(report(load_program(target))))
    except ShapewrightError as error:
        _fail(str(error))


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Python files with typed functions, or folders of them")],
    json: Annotated[bool, typer.Option("--json", help="print a list of objects")] = False,
    timeout: Annotated[float, typer.Option(help="seconds for importing a file and checking it")] = 20.0,
    verbose: Annotated[bool, typer.Option("--verbose", help="print how long it took")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="write what help lines say, where that corrects the error")
    ] = False,
) -> None:
    """Find shape errors of the typed functions of files, without running them on data."""
    from .check.show import show

    try:
        raise typer.Exit(show(files, as_json=json, timeout=timeout, verbose=verbose, fix=fix))
    except ShapewrightError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


@app.command()
def lsp(
    stdio: Annotated[bool, typer.Option("--stdio", help="what it does anyway; editors pass it", hidden=True)] = True,
) -> None:
    """Serve an editor: errors, shapes, costs and kernels of the typed functions of a file (needs the package pygls)."""
    try:
        from .lsp.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        _fail("the language server needs the package pygls: pip install 'shapewright[lsp]'")
    raise typer.Exit(serve())


@app.command()
def explain(code: Annotated[str, typer.Argument(help="the code of an error, such as SW102")]) -> None:
    """Print the page about an error: what it means, a wrong program, a right one."""
    from .explain import codes, page_of

    page = page_of(code)
    if page is None:
        _fail(f"there is no error {code}; there are {', '.join(codes())}")
    typer.echo(page, nl=False)


@app.command()
def doctor() -> None:
    """Say which versions are here, what is missing, and how to get it."""
    from .doctor import checks, healthy, report

    found = checks()
    typer.echo(report(found))
    raise typer.Exit(0 if healthy(found) else 1)


@app.command()
def version() -> None:
    """Print the version."""
    from .doctor import version_of

    typer.echo(version_of("shapewright") or "unknown (not installed)")


@cache_app.command("info")
def cache_info() -> None:
    """Print where generated kernels are kept, and how many there are."""
    from .cache import cache_info as info

    typer.echo(str(info()))


@cache_app.command("clear")
def cache_clear() -> None:
    """Delete every generated kernel; programs are compiled again when they are next run."""
    from .cache import cache_clear as clear

    typer.echo(f"deleted {clear()}")


def load_program(target: str) -> Program:
    """The program that `FILE.py:NAME` names, or the one that the trainer or jitted function ran last."""
    from ..compiler.program import Program

    found = load_target(target)
    program = found if isinstance(found, Program) else getattr(found, "program", None)
    if not isinstance(program, Program):
        _fail(
            f"{target} is a {type(found).__name__} without a program: name a trainer that has run a step, or a program"
        )
    return program


def load_target(target: str) -> object:
    """The object that `FILE.py:NAME` names; a function (not a class) is called without arguments.

    Raises:
        typer.Exit: no such file, no such name; the reason has been printed.
    """
    text, _, name = target.rpartition(":")
    path = Path(text)
    if not text or not name.isidentifier():
        _fail(f"{target!r} is not of the form FILE.py:NAME")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.exists():
        _fail(f"there is no file {path}")
    if not path.is_file() or spec is None or spec.loader is None:
        _fail(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        names = ", ".join(sorted(n for n in vars(module) if not n.startswith("_")))
        _fail(f"{path} has no {name!r}; it has {names}")
    found: object = getattr(module, name)
    if not callable(found) or not hasattr(found, "__code__"):
        return found
    needed = [p.name for p in signature(found).parameters.values() if _is_needed(p)]
    if needed:
        arguments = " and ".join(f"`{n}`" for n in needed)
        _fail(f"{target} is a function of {arguments}: name a trainer, a program, or a function without arguments")
    return found()


def _is_needed(p: Parameter) -> bool:
    return p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
