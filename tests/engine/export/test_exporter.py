"""Export: written, reloaded, compared; a file that computes something else is refused."""

import mindspore as ms
import numpy as np
import pytest
from tiny_network import TinyDetector

from mindocr.config import save_config
from mindocr.engine.export import exporter
from mindocr.engine.train.checkpoints import save
from mindocr.errors import UserError
from mindocr.inference.mindir import MindIR
from mindocr.models import build_model


@pytest.mark.parametrize("dynamic", [False, True])
def test_the_file_computes_what_the_network_does(tmp_path, dynamic):
    network = TinyDetector()
    exported = exporter.export_mindir(network, tmp_path / "tiny.mindir", (32, 64), dynamic=dynamic)
    assert exported.max_difference <= 1e-5
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.mindir"]
    image = np.random.default_rng(1).random((3, 32, 64), np.float32)
    (found,) = MindIR(exported.path)([image])["prob"]
    np.testing.assert_allclose(found, network(ms.Tensor(image[None])).asnumpy()[0], atol=1e-6)


def test_a_file_that_disagrees_is_refused_and_removed(tmp_path, monkeypatch):
    other = TinyDetector()
    monkeypatch.setattr(exporter.nn, "GraphCell", lambda graph: other)
    with pytest.raises(UserError, match="does not compute what the network does: largest difference"):
        exporter.export_mindir(TinyDetector(), tmp_path / "tiny.mindir", (32, 32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("shape", "nearest"), [((736, 1281), "736 1280"), ((10, 64), "32 64"), ((0, -32), "32 32")])
def test_sizes_must_be_multiples_of_the_stride(shape, nearest):
    with pytest.raises(UserError, match=f"data_shape: .* must be multiples of 32; nearest: {nearest}"):
        exporter.check_shape(shape, 32)


def test_metadata_travel_inside_the_file(tmp_path):
    section = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_by_height": [[8, 1.8], [32, 1.5]]}
    given = {"postprocess": section, "pipeline": [{"ToCHWImage": None}]}
    exported = exporter.export_mindir(TinyDetector(), tmp_path / "tiny.mindir", (32, 32), metadata=given)
    assert MindIR(exported.path).metadata == {**given, "outputs": ["prob"]}


def test_the_settings_of_a_configuration_travel_inside_the_file(tiny_config, tmp_path):
    config = tiny_config()
    save(build_model(config.model.model_dump()).get_parameters(), tmp_path / "tiny.ckpt")
    save_config(config, tmp_path / "tiny.yaml")
    words = {"ckpt": str(tmp_path / "tiny.ckpt")}
    for dynamic in (False, True):
        exported = exporter.run(str(tmp_path / "tiny.yaml"), (32, 32), tmp_path / "out", dynamic=dynamic, **words)
        stored = MindIR(exported.path).metadata
        assert stored["postprocess"] == config.postprocess
        assert stored["pipeline"][1]["DetResize"].get("target_size") == (None if dynamic else [160, 160])


def test_the_name_of_a_model_travels_inside_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "build_model", lambda *args, **options: TinyDetector())  # which takes less time
    exported = exporter.run("dbnet_ppocrv3", (32, 32), tmp_path)
    assert MindIR(exported.path).metadata == {"model": "dbnet_ppocrv3", "outputs": ["prob"]}
