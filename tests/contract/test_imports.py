"""Imports between packages, read from the code: none upwards, no cycle, no MindSpore in NumPy packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = (
    {"mindocr", "absent_names", "errors", "environment", "registry", "geometry", "utils", "images"},
    {
        "config", "data", "formats", "inspection", "synthetic", "predictions", "postprocess", "metrics", "models",
        "losses", "optim", "scheduler", "report", "inference",
    },
    {"engine"},
    {"reading"},
    {"serve"},
    {"cli", "__main__"},
    {"tools", "deploy", "benchmarks"},
)  # fmt: skip
NUMPY_ROOMS = (
    "absent_names", "errors", "environment", "registry", "geometry", "images", "config", "data", "formats",
    "inspection", "synthetic", "predictions", "postprocess", "metrics", "scheduler", "utils", "report", "inference",
    "cli", "reading", "serve",
)  # fmt: skip
MAY_TOUCH_MINDSPORE = {  # inside functions
    "mindocr/data/loading/loader.py",  # for sink mode
    "mindocr/data/mindrecord_writer.py",  # to write MindRecord files
    "mindocr/inference/mindir.py",  # for MindIR files
}


def floor_of(room: str) -> int:
    floors = [i for i, rooms in enumerate(FLOORS) if room in rooms]
    assert floors, f"'{room}' stands on no floor of this test: say in FLOORS where it belongs"
    return floors[0]


def source_files() -> list[Path]:
    folders = [ROOT / name for name in ("mindocr", "tools", "deploy", "benchmarks")]
    return sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "mindocr":
        return parts[0]
    return "mindocr" if parts[1] == "__init__" else parts[1]


def imported_modules(path: Path) -> Iterator[str]:
    """Dotted names of all imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction of an arrow"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "mindocr")


def arrows() -> set[tuple[str, str, str]]:
    """(room, imported room, file) of every import inside the project."""
    found = set()
    for path in source_files():
        for name in imported_modules(path):
            parts = name.split(".")
            if parts[0] == "mindocr":
                target = (
                    parts[1] if len(parts) > 1 and (ROOT / "mindocr" / parts[1]).with_suffix(".py").exists() else None
                )
                if len(parts) > 1 and (ROOT / "mindocr" / parts[1]).is_dir():
                    target = parts[1]
                found.add((room_of(path), target or "mindocr", str(path.relative_to(ROOT))))
    return found


def test_arrows_are_found() -> None:
    rooms = {(room, target) for room, target, _ in arrows()}
    assert {("config", "registry"), ("engine", "config"), ("tools", "cli")} <= rooms


def test_no_import_points_up() -> None:
    upward = [f"{file}: {room} -> {target}" for room, target, file in arrows() if floor_of(target) > floor_of(room)]
    assert upward == []


def test_rooms_form_no_circle() -> None:
    targets: dict[str, set[str]] = {}
    for room, target, _ in arrows():
        if room != target and target != "mindocr":
            targets.setdefault(room, set()).add(target)

    def circle(room: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if room in path:
            return (*path[path.index(room) :], room)
        return next((found for target in sorted(targets.get(room, ())) if (found := circle(target, (*path, room)))), ())

    assert [found for room in sorted(targets) if (found := circle(room, ()))] == []


@pytest.mark.parametrize("room", NUMPY_ROOMS)
def test_numpy_rooms_do_not_import_mindspore(room: str) -> None:
    files = [path for path in source_files() if room_of(path) == room]
    assert files
    guilty = [
        str(path.relative_to(ROOT))
        for path in files
        if any(name.split(".")[0] == "mindspore" for name in imported_modules(path))
    ]
    assert set(guilty) <= MAY_TOUCH_MINDSPORE


def test_importing_numpy_rooms_leaves_mindspore_alone() -> None:
    """What they import imports no MindSpore either."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in source_files()
        if room_of(path) in (*NUMPY_ROOMS, "mindocr")
    ]
    assert "mindocr" in modules and len(modules) > 20
    code = (
        f"import sys, importlib\nfor m in {modules}:\n    importlib.import_module(m)\nprint('mindspore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\n", done.stderr


def test_import_mindocr_is_cheap() -> None:
    code = "import sys, mindocr\nprint(sorted({'mindspore', 'numpy', 'cv2', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
