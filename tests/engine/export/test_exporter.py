"""Export: written, reloaded, compared; a file that computes something else is refused."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.engine.evaluate import predictor
from mindocr.engine.export import exporter
from mindocr.engine.export.mindir import MindIR
from mindocr.errors import CheckpointError, UserError


class Tiny(nn.Cell):
    """(N, 3, H, W) -> (N, 1, H, W)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def construct(self, x):
        return self.conv(x).sigmoid()


@pytest.mark.parametrize("dynamic", [False, True])
def test_the_file_computes_what_the_network_does(tmp_path, dynamic):
    network = Tiny()
    exported = exporter.export_mindir(network, tmp_path / "tiny.mindir", (32, 64), dynamic=dynamic)
    assert exported.max_difference <= 1e-5
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.mindir"]
    image = np.random.default_rng(1).random((3, 32, 64), np.float32)
    np.testing.assert_allclose(
        MindIR(exported.path)([image])[0], network(ms.Tensor(image[None])).asnumpy()[0], atol=1e-6
    )


def test_a_file_that_disagrees_is_refused_and_removed(tmp_path, monkeypatch):
    other = Tiny()
    monkeypatch.setattr(exporter.nn, "GraphCell", lambda graph: other)
    with pytest.raises(UserError, match="does not compute what the network does: largest difference"):
        exporter.export_mindir(Tiny(), tmp_path / "tiny.mindir", (32, 32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("shape", "nearest"), [((736, 1281), "736 1280"), ((10, 64), "32 64"), ((0, -32), "32 32")])
def test_sizes_must_be_multiples_of_32(shape, nearest):
    with pytest.raises(UserError, match=f"data_shape: .* must be multiples of 32; nearest: {nearest}"):
        exporter.check_shape(shape)


def test_a_missing_and_a_damaged_file_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="nothing.mindir': no such file"):
        MindIR(tmp_path / "nothing.mindir")
    (tmp_path / "bad.mindir").write_bytes(b"no graph at all")
    with pytest.raises(CheckpointError, match="bad.mindir' is not a whole MindIR file"):
        MindIR(tmp_path / "bad.mindir")


def test_another_image_size_is_refused_with_advice(tmp_path):
    exported = exporter.export_mindir(Tiny(), tmp_path / "tiny.mindir", (32, 32))
    with pytest.raises(UserError, match="takes images of 32 x 32 pixels, the pipeline gave 64 x 32"):
        MindIR(exported.path)([np.zeros((3, 64, 32), np.float32)])


def test_postprocessing_travels_inside_the_file(tmp_path):
    section = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_by_height": [[8, 1.8], [32, 1.5]]}
    exported = exporter.export_mindir(Tiny(), tmp_path / "tiny.mindir", (32, 32), postprocess=section)
    assert MindIR(exported.path).postprocess == section
    bare = exporter.export_mindir(Tiny(), tmp_path / "bare.mindir", (32, 32))
    assert MindIR(bare.path).postprocess is None


def test_the_files_own_postprocessing_is_used(tmp_path, repo_root):
    section = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_ratio": 1.8}
    exported = exporter.export_mindir(Tiny(), tmp_path / "tiny.mindir", (32, 32), postprocess=section)
    finder = predictor.from_mindir(exported.path, repo_root / "configs/det/dbnet/db_r18_synthetic.yaml")
    assert (finder._postprocess.box_thresh, finder._postprocess.expand_ratio) == (0.45, 1.8)
