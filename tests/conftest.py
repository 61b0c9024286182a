"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator
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


@pytest.fixture(params=[0, 1], ids=["graph", "pynative"])
def mode(request) -> Iterator[int]:
    """MindSpore's execution mode, each in turn."""
    import mindspore as ms

    before = ms.get_context("mode")
    ms.set_context(mode=request.param)
    yield request.param
    ms.set_context(mode=before)
