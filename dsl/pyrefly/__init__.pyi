"""Signatures that only Pyrefly reads: sizes are computed, which needs `shape_extensions` (the extra `pyrefly`).

Nothing here exists at run time, and the other checkers see the signatures beside the functions, where such a size is `Any`.
The two are told apart so, at the top of a module or in a class:

    TYPE_CHECKING_WITH_PYREFLY: Literal[False] = False
    MYPY = False

    if TYPE_CHECKING_WITH_PYREFLY:
        if not MYPY:
            from .pyrefly.dims import Add
    else:
        Add = ...

Pyrefly takes the first name for True. pyright and ty see from its type that the branch is not taken; to others than those
in the module, pyright shows the last definition, so the order matters. mypy takes the first definition, also in such a
branch, but no branch of `not MYPY`. Both names must be declared in the module that uses them.
"""
