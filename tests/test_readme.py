"""The README is true: its programs run, its outputs are what they print, its commands and links exist.

Times, differences, paths and progress bars are compared as such, not by value. `python tests/test_readme.py` writes
the outputs of this machine into the README.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- (file|output): ([^\n]+) -->\n```\w+\n(.*?)```", re.DOTALL)
WRONG = "import shapewright as sw\nfrom train import trainer, x\n\n"


def blocks(kind: str) -> dict[str, str]:
    return {name: text for k, name, text in BLOCK.findall(README.read_text()) if k == kind}


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A new interpreter in `folder`, 80 columns wide."""
    path = os.pathsep.join([str(folder), *(p for p in sys.path if p)])
    env = {**os.environ, "PYTHONPATH": path, "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def outputs(folder: Path) -> dict[str, str]:
    """What the programs of the README print here."""
    files = blocks("file")
    (folder / "train.py").write_text(files["train.py"])
    (folder / "wrong.py").write_text(WRONG + files["wrong.py"])
    demo = run(["-m", "shapewright", "demo"], folder)
    train = run(["train.py"], folder)
    wrong = run(["wrong.py"], folder)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert train.returncode == 0, train.stderr
    assert wrong.returncode == 1
    message = wrong.stderr[wrong.stderr.index("error[") :]
    return {"shapewright demo": demo.stdout, "train.py": train.stdout, "wrong.py": message}


def essence(text: str) -> list[str]:
    """The lines of an output without what varies from run to run and from machine to machine."""
    text = re.sub(r"[~\w.-]*/\S+", "PATH", text)
    text = re.sub(
        r"\d+ tiles?|\d+(\.\d+)?(e-\d+)? (us|s)\b|eager / compiled \d+\.\d|\d\.\d{3,4}|\de-\d\d|\d:\d\d:\d\d", "N", text
    )
    return [re.sub(r"\s+", " ", line.replace("╸", "━")).strip() for line in text.strip().splitlines()]


def test_outputs_are_those_of_the_programs(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn (the extra `data`) is not installed")
    written = blocks("output")
    for name, real in outputs(tmp_path).items():
        assert essence(written[name]) == essence(real), f"{name}: python tests/test_readme.py writes it anew"


def test_accuracy_shown_is_the_promise() -> None:
    shown = re.search(r"test accuracy +compiled (\S+) +eager (\S+)", blocks("output")["shapewright demo"])
    assert shown is not None
    assert min(float(shown[1]), float(shown[2])) >= 0.97


def test_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(
        r"\bmake ([a-z-]+)", "\n".join(re.findall(r"^    (make .*)$", README.read_text(), re.MULTILINE))
    )
    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_links_exist() -> None:
    for file in (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))):
        prose = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
            assert link.startswith("https://") or (file.parent / link).exists(), f"{file.name}: {link}"


def test_names_exist() -> None:
    import shapewright as sw

    for file in (README, *sorted((ROOT / "docs").glob("*.md"))):
        for name in set(re.findall(r"\bsw\.([A-Za-z_]+)", file.read_text())):
            assert hasattr(sw, name), f"{file.name} names sw.{name}"


def test_every_error_code_is_documented() -> None:
    page = (ROOT / "docs/errors.md").read_text()
    documented = {int(code) for code in re.findall(r"SW(\d{3})", page)}
    for low, high in re.findall(r"SW(\d{3}) to SW(\d{3})", page):
        documented |= set(range(int(low), int(high) + 1))
    for path in (p for room in ("compiler", "dsl", "runtime") for p in (ROOT / room).rglob("*.py")):
        for code in re.findall(r'code="SW(\d{3})"', path.read_text()):
            assert int(code) in documented, f"{path.name} raises SW{code}"


def write_outputs() -> None:
    """Put the outputs of this machine, with nothing compiled before, into the README."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SHAPEWRIGHT_CACHE"] = f"{folder}/kernels"
        real = outputs(Path(folder))

    def fresh(match: re.Match[str]) -> str:
        kind, name, text = match.groups()
        if kind == "output":
            text = re.sub(r"/\S+/(?=numba)", "~/.cache/shapewright/", real[name].rstrip() + "\n")
            text = re.sub(r"/\S+/src/", "", text)
        return f"<!-- {kind}: {name} -->\n```{'python' if kind == 'file' else 'text'}\n{text}```"

    README.write_text(BLOCK.sub(fresh, README.read_text()))


if __name__ == "__main__":
    write_outputs()
