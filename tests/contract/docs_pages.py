"""The documents, read for the tests beside this file: their pages, their blocks, and a place to run them in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "README_CN.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md",
         *sorted((ROOT / "docs").rglob("*.md")),
         *sorted((ROOT / "configs").rglob("README*.md"))]  # fmt: skip
NAMES = {page: str(page.relative_to(ROOT)) for page in PAGES}


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Fenced blocks of a page in a language: (line number of the first line inside, text)."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return [(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in found]


def recipe_of(page: Path) -> str:
    """The YAML block of a page that begins the user's own recipe."""
    found = [text for _, text in blocks(page, "yaml") if "dataset_root: my_text" in text]
    assert len(found) == 1, f"{NAMES[page]}: expected one recipe for my_text, got {len(found)}"
    return found[0]


def copy_project(folder: Path) -> None:
    """All files that a documented command may change, copied, so that the checkout is not changed."""
    for name in ("mindocr", "tools", "deploy", "configs", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for conftest in (ROOT / "tests").rglob("conftest.py"):
        target = folder / conftest.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(conftest, target)


def scripts() -> dict[str, str]:
    """Command of ``mindocr`` -> the command line of the script that runs it."""
    files = [path for folder in ("tools", "deploy") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [(path, re.search(r'run_alias\("([a-z-]+)"\)', path.read_text(encoding="utf-8"))) for path in files]
    return {match[1]: str(path.relative_to(ROOT)) for path, match in found if match}


def shell(command: str, folder: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command of the documents in ``folder`` with this environment's programs and the project copied there.

    ``mindocr`` is that of the copy, whether or not the package is installed.
    """
    command = f'mindocr() {{ python -m mindocr "$@"; }}\n{command}'
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=timeout, check=False)  # fmt: skip
