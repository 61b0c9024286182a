"""A network trained for int8 becomes an ONNX file with int8 weights that computes what the network does."""

import mindspore as ms
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mindocr.engine.export import exporter, onnx_quantize
from mindocr.engine.export.onnx_graph import GraphBuilder, Node
from mindocr.engine.runtime import build
from mindocr.engine.train import trainer
from mindocr.engine.train.checkpoints import save
from mindocr.errors import ConfigError, UserError
from mindocr.inference.checkpoint import open_file
from mindocr.inference.onnx import Onnx
from mindocr.models import build_model
from mindocr.models.quantization import Ranges
from mindocr.models.weights import read_checkpoint

MOBILE = "model.backbone={name: det_mobilenet_v3_enhance, architecture: small, alpha: 0.35, disable_se: True}"


@pytest.fixture(autouse=True)
def mode_of_before():
    before = ms.get_context("mode")
    yield
    ms.set_context(mode=before)


@pytest.mark.slow
def test_from_trained_weights_to_a_file(tiny_config, tmp_path):
    network = build_model(tiny_config(MOBILE).model.model_dump(), pretrained=False)
    rng = np.random.default_rng(4)
    for parameter in network.get_parameters():
        if parameter.name.endswith(".gamma"):  # some negative: the sign moves into the whole numbers
            value = rng.uniform(0.7, 1.3, parameter.shape) * rng.choice([-1, 1], parameter.shape)
            parameter.set_data(ms.Tensor(value.astype(np.float32)))
    save(network.get_parameters(), tmp_path / "float.ckpt")
    config = tiny_config(
        MOBILE, f"model.pretrained={tmp_path / 'float.ckpt'}", "model.quantization={}", "train.max_steps=2",
        "scheduler.num_epochs=1", "train.loader.batch_size=2",
        "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[96, 96]",
        "eval.dataset.transform_pipeline.DetResize.target_size=[96, 96]",
    )  # fmt: skip
    ckpt = trainer.run(config).folder / "best.ckpt"
    trained = read_checkpoint(ckpt)
    assert trained["head.segm.0.range_count"].asnumpy().item() == pytest.approx(1.9)
    assert trained["backbone.stages.0.0.linear_conv.conv.clip"].asnumpy().item() != 20.0

    exported = exporter.run(None, (64, 64), tmp_path / "out", ckpt=str(ckpt), file_format="ONNX")
    assert exported.max_difference <= exporter.QUANTIZED_TOLERANCE
    model = onnx.load(str(exported.path))
    kinds = [node.op_type for node in model.graph.node]
    convolutions = kinds.count("Conv")
    assert kinds.count("QuantizeLinear") == convolutions - 1 == 11 * 3 + 1 + 4 + 4 + 1  # the stem stays
    assert "BatchNormalization" not in kinds
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    whole = arrays["head.segm.0.weight_int8"]
    assert whole.dtype == np.int8 and (np.abs(whole).max((1, 2, 3)) == 127).all()
    image = np.random.default_rng(1).standard_normal((3, 96, 128)).astype(np.float32)
    (found,) = Onnx(exported.path)([image])["prob"]
    (expected,) = open_file(ckpt)([image])["prob"]
    assert np.abs(found - expected).max() <= exporter.QUANTIZED_TOLERANCE and expected.std() > 0.001
    # The rounding matters: the network in float32 computes something else
    plain = build_model({**config.model.model_dump(), "quantization": None, "pretrained": None}, pretrained=False)
    for name, parameter in plain.parameters_and_names():
        parameter.set_data(ms.Tensor(trained[name].asnumpy()))
    other = plain.set_train(False)(ms.Tensor(image[None])).asnumpy()[0]
    assert np.abs(other - expected).max() > 3 * np.abs(found - expected).mean()


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
