"""MindSpore is ready for eager operators before the tests of this folder start."""

import contextlib
import io

import pytest


@pytest.fixture(scope="session", autouse=True)
def eager_operators():
    """Take the one error that MindSpore's eager operators raise under NumPy 2, where a creating operator absorbs it."""
    ms = pytest.importorskip("mindspore")
    with contextlib.redirect_stderr(io.StringIO()):
        ms.ops.ones((1,), ms.float32)
