"""The README and docs/cuda.md are true: their programs run, their outputs are what they print, commands and links exist.

Times, differences, paths and progress bars are compared as such, not by value. `python tests/test_readme.py` writes
the outputs of this machine into the README, `python tests/test_readme.py cuda` into docs/cuda.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shapewright.runtime.cuda.folders import installed

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CUDA = ROOT / "docs/cuda.md"
BLOCK = re.compile(r"<!-- (file|output): ([^\n]+) -->\n```\w+\n(.*?)```", re.DOTALL)
WRONG = "import shapewright as sw\nfrom train import trainer, x\n\n"
ON_DEVICE = "import shapewright as sw\nfrom train import loss, start, x, y\nfrom train import value as wanted\n\n"
SAME = """
def numbers(path):
    file = open(path, "rb").read()
    return file[8 + int.from_bytes(file[:8], "little") :]  # behind the header, where names are in any order

assert abs(float(value) - float(wanted)) < 1e-5
on_cpu.save("again.safetensors")
assert numbers("again.safetensors") == numbers("digits.safetensors") and on_cpu.steps == trainer.steps == 6
"""


def blocks(kind: str, page: Path = README) -> dict[str, str]:
    return {name: text for k, name, text in BLOCK.findall(page.read_text()) if k == kind}


def run(arguments: list[str], folder: Path, simulator: str | None = None) -> subprocess.CompletedProcess[str]:
    """A new interpreter in `folder`, 80 columns wide; `simulator`: "1" or "0", in the place of a GPU."""
    path = os.pathsep.join([str(folder), *(p for p in sys.path if p)])
    env = {**os.environ, "PYTHONPATH": path, "COLUMNS": "80"}
    if simulator is not None:
        env["NUMBA_ENABLE_CUDASIM"] = simulator
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


def norm_output(folder: Path) -> str:
    """What docs/cuda.md shows of a CUDA program, written without a GPU and without any package for one."""
    (folder / "norm.py").write_text(blocks("file", CUDA)["norm.py"])
    done = run(["norm.py"], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resources_output(folder: Path) -> str:
    """What a kernel of it takes."""
    norm_output(folder)
    (folder / "resources.py").write_text("from norm import program\n\n" + blocks("file", CUDA)["resources.py"])
    done = run(["resources.py"], folder, simulator="0")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1] + "\n"


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


def test_a_trainer_on_a_device_as_docs_show_it(tmp_path: Path) -> None:
    """In the simulator: the loss is that of the CPU to rounding, and a checkpoint goes to the CPU bit for bit."""
    (tmp_path / "train.py").write_text(blocks("file")["train.py"])
    files = blocks("file", CUDA)
    (tmp_path / "on_device.py").write_text(ON_DEVICE + files["on_device.py"] + files["on_cpu.py"] + SAME)
    done = run(["on_device.py"], tmp_path, simulator="1")
    assert done.returncode == 0, done.stderr


def test_cuda_kernels_are_those_of_the_compiler(tmp_path: Path) -> None:
    assert essence(blocks("output", CUDA)["norm.py"]) == essence(norm_output(tmp_path)), (
        "python tests/test_readme.py cuda writes docs/cuda.md anew"
    )


@pytest.mark.cuda_offline
def test_resources_are_those_of_the_linker(tmp_path: Path) -> None:
    """Without a GPU; how many registers a kernel takes is the linker's affair, but it spills none."""
    if installed("numba-cuda") is None:
        pytest.skip("numba-cuda is not installed")
    written, real = blocks("output", CUDA)["resources.py"], resources_output(tmp_path)
    assert re.sub(r"registers=\d+", "", written) == re.sub(r"registers=\d+", "", real)


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
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", file.read_text(), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
            assert link.startswith("https://") or (file.parent / link).exists(), f"{file.name}: {link}"


def test_programs_of_the_language_page_run(tmp_path: Path) -> None:
    for name, text in blocks("file", ROOT / "docs/language.md").items():
        (tmp_path / name).write_text(text)
        done = run([name], tmp_path)
        assert done.returncode == 0, done.stderr


def test_every_error_code_is_documented() -> None:
    page = (ROOT / "docs/errors.md").read_text()
    documented = {int(code) for code in re.findall(r"SW(\d{3})", page)}
    for low, high in re.findall(r"SW(\d{3}) to SW(\d{3})", page):
        documented |= set(range(int(low), int(high) + 1))
    for path in (p for room in ("compiler", "dsl", "runtime") for p in (ROOT / room).rglob("*.py")):
        for code in re.findall(r'code="SW(\d{3})"', path.read_text()):
            assert int(code) in documented, f"{path.name} raises SW{code}"


def write(page: Path, real: dict[str, str]) -> None:
    """Put outputs into a page; one that was not made stays."""

    def fresh(match: re.Match[str]) -> str:
        kind, name, text = match.groups()
        if kind == "output" and name in real:
            text = re.sub(r"/\S+/(?=numba)", "~/.cache/shapewright/", real[name].rstrip() + "\n")
            text = re.sub(r"/\S+/src/", "", text)
        return f"<!-- {kind}: {name} -->\n```{'python' if kind == 'file' else 'text'}\n{text}```"

    page.write_text(BLOCK.sub(fresh, page.read_text()))


def write_outputs(page: str) -> None:
    """Put the outputs of this machine, with nothing compiled before, into the README or docs/cuda.md."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SHAPEWRIGHT_CACHE"] = f"{folder}/kernels"
        if page == "readme":
            write(README, outputs(Path(folder)))
            return
        write(CUDA, {"norm.py": norm_output(Path(folder))})
        if installed("numba-cuda") is not None:
            write(CUDA, {"resources.py": resources_output(Path(folder))})


if __name__ == "__main__":
    write_outputs(sys.argv[1] if len(sys.argv) > 1 else "readme")
