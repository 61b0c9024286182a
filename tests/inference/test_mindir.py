"""MindIR files: their contents, and the files that are refused."""

import numpy as np
import pytest

from mindocr.engine.export.exporter import export_mindir
from mindocr.errors import CheckpointError, UserError
from mindocr.inference import predict
from mindocr.inference.mindir import MindIR
from mindocr.inference.runner import open_runner

SECTION = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_by_height": [[8, 1.8], [32, 1.5]]}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(file for 32 x 64, file for any size), the former with metadata."""
    from tiny_network import TinyDetector

    folder, network = tmp_path_factory.mktemp("exported"), TinyDetector()
    fixed = export_mindir(network, folder / "fixed.mindir", (32, 64), metadata={"postprocess": SECTION})
    return fixed.path, export_mindir(network, folder / "free.mindir", (32, 32), dynamic=True).path


def test_a_file_says_what_it_takes_and_brings(exported):
    fixed, free = map(MindIR, exported)
    assert (fixed.input_size, free.input_size) == ((32, 64), (-1, -1))
    assert fixed.output_names == free.output_names == ("prob",)
    assert fixed.metadata == {"outputs": ["prob"], "postprocess": SECTION}
    assert free.metadata == {"outputs": ["prob"]}


def test_one_size_or_any(exported):
    image = np.random.default_rng(1).random((3, 32, 64), np.float32)
    fixed, free = map(MindIR, exported)
    (expected,) = fixed([image])["prob"]
    (found, other) = free([image, np.zeros((3, 64, 32), np.float32)])["prob"]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (found.shape, other.shape) == ((1, 32, 64), (1, 64, 32))
    with pytest.raises(UserError, match="takes images of 32 x 64 pixels, but the pipeline returned 64 x 32"):
        fixed([np.zeros((3, 64, 32), np.float32)])


def test_a_missing_and_a_damaged_file_are_named(tmp_path, exported):
    with pytest.raises(CheckpointError, match="nothing.mindir': no such file"):
        MindIR(tmp_path / "nothing.mindir")
    (tmp_path / "bad.mindir").write_bytes(b"no graph at all")
    with pytest.raises(CheckpointError, match="bad.mindir' is not a complete MindIR file"):
        MindIR(tmp_path / "bad.mindir")
    content = bytearray(exported[0].read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.mindir").write_bytes(content)
    with pytest.raises(CheckpointError, match="changed.mindir' is not a complete MindIR file .its checksum is wrong"):
        MindIR(tmp_path / "changed.mindir")


def test_the_files_own_postprocessing_is_used(exported, repo_root):
    finder = predict.from_exported(exported[0], repo_root / "configs/det/dbnet/db_r18_synthetic.yaml")
    assert (finder.postprocess.box_thresh, finder.postprocess.expand_by_height) == (0.45, [[8, 1.8], [32, 1.5]])
    finder = predict.from_exported(exported[1], repo_root / "configs/det/dbnet/db_r18_synthetic.yaml")
    assert finder.postprocess.box_thresh == 0.5


def test_a_configuration_counts_when_it_is_given(exported, repo_root):
    runner = open_runner(exported[0], config=repo_root / "configs/det/dbnet/db_r18_synthetic.yaml")
    assert runner.metadata["postprocess"]["box_thresh"] == 0.5
    assert runner.metadata["pipeline"][1]["DetResize"]["target_size"] == [320, 320]  # that of evaluation
