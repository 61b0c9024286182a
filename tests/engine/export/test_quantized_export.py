"""A network trained for int8 becomes an ONNX file with int8 weights that computes what the network does."""

import mindspore as ms
import numpy as np
import pytest
from onnx import load, numpy_helper

from mindocr.engine.export import exporter, onnx, onnx_quantize
from mindocr.engine.export.onnx_graph import GraphBuilder, Node
from mindocr.engine.runtime import build
from mindocr.engine.train import trainer
from mindocr.engine.train.checkpoints import save
from mindocr.errors import ConfigError, UserError
from mindocr.inference.checkpoint import open_file
from mindocr.inference.onnx import Onnx
from mindocr.models import build_model
from mindocr.models.quantization import Ranges, given_arrays, rounded_weights
from mindocr.models.weights import read_checkpoint

MOBILE = "model.backbone={name: det_mobilenet_v3_enhance, architecture: small, alpha: 0.35, disable_se: True}"


def with_negative_factors(network):
    """BatchNorms with statistics; some factors are negative, so that the sign moves into the whole numbers."""
    rng = np.random.default_rng(4)
    for parameter in network.get_parameters():
        if parameter.name.endswith((".gamma", ".moving_variance")):
            signs = rng.choice([-1, 1], parameter.shape) if parameter.name.endswith(".gamma") else 1
            parameter.set_data(ms.Tensor((rng.uniform(0.7, 1.3, parameter.shape) * signs).astype(np.float32)))
    return network


@pytest.mark.slow
def test_from_trained_weights_to_a_file(tiny_config, tmp_path):
    network = with_negative_factors(build_model(tiny_config().model.model_dump(), pretrained=False))
    save(network.get_parameters(), tmp_path / "float.ckpt")
    config = tiny_config(
        f"model.pretrained={tmp_path / 'float.ckpt'}", "model.quantization={}", "train.max_steps=2",
        "scheduler.num_epochs=1", "train.loader.batch_size=2", "system.val_while_train=False",
        "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[96, 96]",
    )  # fmt: skip
    (ckpt,) = trainer.run(config).folder.glob("*_0001.ckpt")
    trained = read_checkpoint(ckpt)
    assert trained["head.segm.0.range_count"].asnumpy().item() == pytest.approx(1.9)
    assert trained["backbone.stages.1.0.clip"].asnumpy().item() != 20.0

    exported = exporter.run(None, (64, 64), tmp_path / "out", ckpt=str(ckpt), file_format="ONNX")
    assert exported.certificate.rounded and exported.max_difference <= exporter.QUANTIZED_TOLERANCE
    page = (tmp_path / f"out/{exported.path.name}.html").read_text(encoding="utf-8")
    assert "rounds the inputs" in page and "mean difference" in page
    arrays = whole_numbers(exported.path, rounded=3 + 4 + 4 + 1)
    assert (np.abs(arrays["head.segm.0.weight_int8"]).max((1, 2, 3)) == 127).all()
    image = np.random.default_rng(1).standard_normal((3, 96, 128)).astype(np.float32)
    (found,) = Onnx(exported.path)([image])["prob"]
    (expected,) = open_file(ckpt)([image])["prob"]
    assert np.abs(found - expected).mean() <= exporter.QUANTIZED_TOLERANCE and expected.std() > 0.001
    # The rounding matters: the network in float32 computes something else
    plain = build_model({**config.model.model_dump(), "quantization": None, "pretrained": None}, pretrained=False)
    for name, parameter in plain.parameters_and_names():
        parameter.set_data(ms.Tensor(trained[name].asnumpy()))
    other = plain.set_train(False)(ms.Tensor(image[None])).asnumpy()[0]
    assert np.abs(other - expected).mean() > 10 * np.abs(found - expected).mean()


def whole_numbers(path, rounded):
    """The arrays of a file in which so many convolutions, and all but the first, read int8."""
    model = load(str(path))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == kinds.count("Conv") - 1 == rounded
    assert kinds.count("DequantizeLinear") == 2 * rounded and "BatchNormalization" not in kinds
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights = [array for name, array in arrays.items() if name.endswith("_int8")]
    assert len(weights) == rounded and all(array.dtype == np.int8 for array in weights)
    return arrays


@pytest.mark.slow
def test_depthwise_convolutions_and_hard_swish(tiny_config, tmp_path):
    section = {**tiny_config(MOBILE).model.model_dump(), "quantization": {"clip_init": 2.0}}
    network = with_negative_factors(build_model(section, pretrained=False))
    for parameter in network.get_parameters():
        if parameter.name.endswith((".range_sum", ".range_count")):
            parameter.set_data(ms.Tensor(np.array([2.5 if "sum" in parameter.name else 1.0], np.float32)))
    arrays, ranges = rounded_weights(network)
    plain = given_arrays(build_model({**section, "quantization": None}, pretrained=False), arrays).set_train(False)
    path = tmp_path / "network.onnx"
    onnx.write(plain, ms.Tensor(shape=[None, 3, None, None], dtype=ms.float32), path, {}, ("prob",), ranges)
    whole_numbers(path, rounded=11 * 3 + 1 + 4 + 4 + 1)  # behind a Clip, because the bound is below the largest value
    image = np.random.default_rng(1).standard_normal((3, 64, 96)).astype(np.float32)
    expected = network.set_train(False)(ms.Tensor(image[None])).asnumpy()[0]
    (found,) = Onnx(path)([image])["prob"]
    assert expected.std() > 0.001
    assert np.abs(found - expected).mean() < 0.1 * expected.std()


def test_wrong_weights_are_refused(tiny_config, tmp_path, monkeypatch):
    network = build_model({**tiny_config().model.model_dump(), "quantization": {}}, pretrained=False)
    for parameter in network.get_parameters():
        if parameter.name.endswith((".range_sum", ".range_count")):
            parameter.set_data(ms.Tensor(np.ones(1, np.float32)))
    settings = {"network": {**tiny_config().model.model_dump(), "quantization": {}}, "pipeline": [],
                "postprocess": {"name": "DBPostprocess"}}  # fmt: skip
    save(network.get_parameters(), tmp_path / "best.ckpt", {"mindocr.settings": settings})
    original = onnx_quantize._stored

    def wrong(graph, nodes, name):
        graph.constants[name] = graph.constants[name] * 2
        return original(graph, nodes, name)

    monkeypatch.setattr(onnx_quantize, "_stored", wrong)
    with pytest.raises(UserError, match="the int8 weights do not compute what the network does: largest difference"):
        exporter.run(None, (64, 64), tmp_path / "out", ckpt=str(tmp_path / "best.ckpt"), file_format="ONNX")
    assert not (tmp_path / "out/best.onnx").exists()


def test_a_graph_by_hand():
    weight = np.array([[127, -3], [0, 0]], np.float32).reshape(2, 2, 1, 1) * np.float32(0.01)
    for clip, kinds in ((5.0, ["QuantizeLinear"]), (1.0, ["Clip", "QuantizeLinear"])):
        graph = GraphBuilder()
        graph.parameter("a.weight", weight)
        graph.nodes = [Node("Conv", ["x", "a.weight"], ["y"], {})]
        onnx_quantize.quantize(graph, {"a.weight": Ranges(clip, 2.0)})
        assert [node.op for node in graph.nodes] == [*kinds, "DequantizeLinear", "DequantizeLinear", "Conv"]
        assert graph.constants["a.weight_int8"].ravel().tolist() == [127, -3, 0, 0]
        np.testing.assert_allclose(graph.constants["a.weight_scale"], [0.01, 1.0])
    graph = GraphBuilder()
    graph.parameter("a.weight", np.array([1.0, 0.3], np.float32).reshape(1, 2, 1, 1))
    graph.nodes = [Node("Conv", ["x", "a.weight"], ["y"], {})]
    with pytest.raises(UserError, match=r"a\.weight: its values are no multiples of one step"):
        onnx_quantize.quantize(graph, {"a.weight": Ranges(1.0, 1.0)})


def test_untrained_networks_and_half_precision_are_refused(tiny_config):
    with pytest.raises(ConfigError, match="quantisation is asked of a network that is not trained; set model.pretrain"):
        build.network(tiny_config(MOBILE, "model.quantization={}"), training=True)
    config = tiny_config(MOBILE, "model.quantization={}", "model.pretrained=x.ckpt", "system.amp_level=O2")
    with pytest.raises(ConfigError, match=r"system\.amp_level: O2; a network with model\.quantization"):
        build.network(config, training=True)
