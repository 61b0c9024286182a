"""Parameter names are public: old checkpoints use them."""

import json
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from make_ppocrv3_output import OUTPUT, draw_input, draw_weights
from mindspore import Tensor

from mindocr.models import build_model, load_weights, model_names
from mindocr.models.zoo import get_model, recognise

GOLDEN = Path(__file__).parent / "golden"
NAMES = ["dbnet_mobilenetv3", "dbnet_ppocrv3", "dbnet_resnet18", "dbnet_resnet50", "dbnetpp_resnet50"]


def read_shapes(path):
    return [(name, tuple(shape)) for name, shape in json.loads(path.read_text(encoding="utf-8")).items()]


def test_the_five_named_models():
    assert model_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_names_shapes_and_order_are_the_golden_ones(name):
    golden = read_shapes(GOLDEN / f"{name}.json")
    assert [(p.name, tuple(p.shape)) for p in build_model(name).get_parameters()] == golden
    assert recognise(dict(golden)) == name


@pytest.mark.parametrize("name", NAMES)
def test_golden_lists_equal_mindocrs(name, shared_dir):
    assert read_shapes(GOLDEN / f"{name}.json") == read_shapes(shared_dir / "compat" / f"{name}.json")


def test_a_model_of_nobody_is_not_recognised():
    assert recognise({"backbone.conv1.weight": (64, 3, 7, 7)}) is None


def test_the_specification_handed_out_is_a_copy():
    get_model("dbnet_resnet18").spec["neck"]["out_channels"] = 8
    assert get_model("dbnet_resnet18").spec["neck"]["out_channels"] == 256


@pytest.mark.parametrize("mode", [ms.GRAPH_MODE, ms.PYNATIVE_MODE])
def test_mindocrs_checkpoint_gives_mindocrs_output(shared_dir, mode):
    """Required is 1e-4, but a hard-sigmoid in place of the sigmoid costs only 9e-5; hence the tighter bound."""
    ms.set_context(mode=mode)
    reference = np.load(shared_dir / "compat" / "dbnet_mobilenetv3_input_output.npz")
    model = build_model("dbnet_mobilenetv3", ckpt=shared_dir / "compat" / "dbnet_mobilenetv3.ckpt").set_train(False)
    output = model(Tensor(reference["x"])).asnumpy()
    np.testing.assert_allclose(output, reference["y"], atol=1e-5, rtol=0)


def test_ppocrv3_computes_what_mindocr_computes(mode):
    """The stored arrays come from MindOCR's network; evenly repeated pixels would be off by 0.2."""
    model = build_model("dbnet_ppocrv3").set_train(False)
    load_weights(model, {name: Tensor(values) for name, values in draw_weights().items()})
    output = model(Tensor(draw_input())).asnumpy()
    np.testing.assert_allclose(output, np.load(OUTPUT)["y"], atol=1e-5, rtol=0)
