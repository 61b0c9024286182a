"""Services that the tests of a module share."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inference"))


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """An ONNX file: bright pixels are text."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx_files import write_bright_is_text

    return write_bright_is_text(tmp_path_factory.mktemp("model") / "bright.onnx", metadata={"model": "dbnet_resnet50"})
