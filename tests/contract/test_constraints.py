"""One exact version for each requirement, inside its range, on each Python; `make` installs those."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT_FILES = sorted(ROOT.glob("requirements*.txt"))
PYTHONS = ("3.10", "3.11", "3.12")


def entries(file: Path) -> list[Requirement]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]


def constraints(python: str) -> dict[str, list[SpecifierSet]]:
    """Name of a package -> the constraints that apply to this Python."""
    found: dict[str, list[SpecifierSet]] = {}
    for entry in entries(ROOT / "constraints.txt"):
        if entry.marker is None or entry.marker.evaluate({"python_version": python}):
            found.setdefault(canonicalize_name(entry.name), []).append(entry.specifier)
    return found


def exact(specifier: SpecifierSet) -> Version:
    (only,) = specifier
    assert only.operator == "=="
    return Version(only.version)


def test_the_pythons_are_those_of_the_package() -> None:
    definition = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "setup.py"))
    (words,) = re.findall(r'(?:python_requires=|requires-python = )"(.+?)"', definition)
    assert [f"3.{minor}" for minor in range(30) if SpecifierSet(words).contains(f"3.{minor}")] == list(PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_a_package_has_one_exact_version(python: str) -> None:
    assert all(len(specifiers) == 1 and exact(specifiers[0]) for specifiers in constraints(python).values())


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("file", REQUIREMENT_FILES, ids=lambda file: file.stem)
def test_each_requirement_has_a_constraint_inside_its_range(file: Path, python: str) -> None:
    fixed = constraints(python)
    required = entries(file)
    assert required
    for entry in required:
        assert canonicalize_name(entry.name) in fixed, f"{entry}: no constraint"
        (specifier,) = fixed[canonicalize_name(entry.name)]
        assert entry.specifier.contains(exact(specifier)), f"{entry} and {specifier}"


def test_what_the_requirements_bring_along_has_constraints_too() -> None:
    """Looked up in the environment of the tests, where that is the one of the constraints."""
    python = ".".join(map(str, sys.version_info[:2]))
    fixed = {name: exact(specifiers[0]) for name, specifiers in constraints(python).items()}
    files = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
    waiting = [canonicalize_name(entry.name) for file in files for entry in entries(file)]
    known: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        installed = metadata.distribution(name)
        if name in fixed and Version(installed.version) != fixed[name]:
            pytest.skip(f"{name} {installed.version} is installed, the constraints name {fixed[name]}")
        needs = [Requirement(line) for line in installed.requires or []]
        waiting += [canonicalize_name(n.name) for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    assert sorted(known - set(fixed)) == []


def commands(*target: str, path: str = os.environ["PATH"]) -> str:
    """What `make` would run for a target in an environment that is not there yet."""
    if shutil.which("make") is None:
        pytest.skip("no make here")
    words = ["make", "--dry-run", *target, "VENV=an/environment"]
    environment = {"PATH": path}  # without the words given to the `make` that runs these tests
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_make_installs_the_constraints() -> None:
    installs = [line for line in commands("setup").splitlines() if " pip install " in line]
    assert len(installs) == 3
    assert all("--constraint constraints.txt" in line for line in installs)


def test_make_installs_the_requirements_that_it_is_given() -> None:
    assert "-r requirements-parity.txt" in commands("test", "REQUIREMENTS=requirements-parity.txt")


def test_the_newest_versions_are_tested_without_constraints_in_another_environment() -> None:
    said = commands("test-latest")
    assert ".venv-latest/bin/python -m pip install" in said and ".venv-latest/bin/python -m pytest" in said
    assert "constraints.txt" not in said and "an/environment/bin" not in said


def test_the_pythons_that_are_missing_are_named(tmp_path: Path) -> None:
    for name, code in (("python3.10", 0), ("python3.12", 127)):  # the second as a launcher without that version
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "make").symlink_to(shutil.which("make") or "missing")
    said = commands("test-pythons", path=str(tmp_path))
    assert "fast tests run with Python: 3.10; failed: none; not installed: 3.11 3.12" in said
    assert '.venv-3.10/bin/python -m pytest -m "not slow"' in said and ".venv-3.12" not in said
