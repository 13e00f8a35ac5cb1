"""`python -m shapewright`, and the `shapewright` script: the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command line (loaded here, so that importing the package stays quick)."""
    from .runtime.cli import app

    app()


if __name__ == "__main__":
    main()
