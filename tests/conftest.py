"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

import mindocr  # noqa: F401  sets the oneDNN cap before any test imports mindspore

os.environ.setdefault("GLOG_v", "3")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with specifications, real photographs and reference weights; tests that need it skip without it."""
    folder = Path(os.environ.get("MINDOCR_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder with reference data (set MINDOCR_SHARED); looked at {folder}")
    return folder
