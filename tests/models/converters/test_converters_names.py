"""Result for each name: mapped, left over with a reason, or an error that states what to do."""

import numpy as np
import numpy_nn as nn
import pytest
import source_networks as sources
from mobile_networks import LARGE, paddle_detector, paddle_names, torchvision_mobilenet
from paddle_resnets import paddle_large

from mindocr.errors import CheckpointError
from mindocr.models.converters import mmocr, paddle, torch_db, torchvision
from mindocr.models.converters.rename import batch_norm_names, rename


def filled(net):
    return sources.randomise({name: array.shape for name, array in net.state_dict().items()})


@pytest.fixture(scope="module")
def db():
    return {f"model.module.{name}": array for name, array in filled(sources.torch_db(nn, nn.cat)).items()}


@pytest.fixture(scope="module")
def paddle_weights():
    return paddle_names(filled(paddle_detector(nn, nn.cat)))


def test_the_authors_names(db):
    found = torch_db.convert(db)
    prefix = "model.module."
    mapped = {name.removeprefix(prefix): target for name, target in found.mapped.items()}
    assert mapped["backbone.layer2.0.downsample.1.running_var"] == "backbone.layer2.0.down_sample.1.moving_variance"
    assert mapped["decoder.in5.weight"] == "neck.unify_channels.3.weight"
    assert mapped["decoder.out5.0.weight"] == "neck.out.3.weight"
    assert mapped["decoder.out2.weight"] == "neck.out.0.weight"
    assert mapped["decoder.binarize.1.weight"] == "head.segm.1.gamma"
    assert mapped["decoder.thresh.6.bias"] == "head.thresh.6.bias"
    assert found.left_over[f"{prefix}backbone.fc.weight"] == "the classifier, which a detector does not have"
    counters = [name for name in found.left_over if name.endswith("num_batches_tracked")]
    assert len(found.mapped) + len(found.left_over) == len(db) and len(counters) + 2 == len(found.left_over)
    assert found.spec["backbone"] == {"name": "det_resnet18", "pad_mode": "centred"}
    assert found.spec["head"]["adaptive"]
    assert {value.dtype for value in found.weights.values()} == {np.dtype(np.float32)}


def test_a_checkpoint_without_threshold_branch(db):
    plain = {name: array for name, array in db.items() if ".thresh." not in name}
    assert torch_db.convert(plain).spec["head"]["adaptive"] is False


def test_mmocrs_levels_are_turned_round():
    weights = filled(sources.mmocr(nn, nn.cat, fusion=True))
    found = mmocr.convert(weights)
    theirs = weights["det_head.binarize.0.weight"]
    ours = found.weights["head.segm.0.weight"]
    np.testing.assert_array_equal(ours[:, :8], theirs[:, 24:])
    np.testing.assert_array_equal(ours[:, 8:16], theirs[:, 16:24])
    gates = weights["neck.asf_attn.attention_wise.conv.weight"]
    np.testing.assert_array_equal(found.weights["neck.fuse.scale_att.0.weight"], gates[::-1])
    assert found.spec["neck"]["attention_channels"] == 32


def test_variances_of_torchvisions_mobilenet_are_raised():
    weights = filled(torchvision_mobilenet(nn, LARGE))
    found = torchvision.convert(weights)
    np.testing.assert_allclose(
        found.weights["features.1.moving_variance"] - weights["features.0.1.running_var"], 0.00099, atol=1e-7
    )
    assert found.mapped["features.4.block.2.fc1.weight"] == "features.6.layers.6.conv_reduce.weight"
    assert found.spec["backbone"]["architecture"] == "large" and found.spec["backbone"]["alpha"] == 1.0


def test_paddles_student_is_taken_from_a_distillation(paddle_weights):
    table = {"StructuredToParameterName@@": {"a": "b"}}
    both = {f"{who}.{name}": v for who in ("Teacher", "Student", "Student2") for name, v in paddle_weights.items()}
    found = paddle.convert({**both, **table})
    assert found.weights.keys() == paddle.convert(paddle_weights).weights.keys()
    assert found.left_over["Teacher.head.binarize.conv1.weight"] == "another network of the distillation"
    assert all(name.startswith("Student.") for name in found.mapped)
    assert paddle.convert({**paddle_weights, **table}).left_over == {
        "StructuredToParameterName@@": "Paddle's own table of names"
    }


LAST_THREE = {"dcn_stages": [False, True, True, True]}


@pytest.mark.parametrize(
    ("depth", "backbone"),
    [
        (18, {"name": "det_resnet18", "pad_mode": "centred", **LAST_THREE}),
        (50, {"name": "det_resnet50", "pad_mode": "centred", **LAST_THREE, "dcn_origin": "authors"}),
    ],
)
def test_the_authors_deformable_convolutions(depth, backbone):
    weights = filled(sources.torch_db(nn, nn.cat, depth, deformable="authors"))
    found = torch_db.convert({f"module.{name}": value for name, value in weights.items()})
    assert found.spec["backbone"] == backbone
    theirs, ours = "backbone.layer3.1.conv2_offset.weight", "backbone.layer3.1.conv2.offset.weight"
    assert found.mapped[f"module.{theirs}"] == ours
    np.testing.assert_array_equal(found.weights[ours], weights[theirs])
    assert len(found.notes) == (1 if depth == 18 else 2)
    assert ("in the three blocks of stride 2" in found.notes[-1]) == (depth == 50)


def test_mmocrs_deformable_convolutions():
    weights = filled(sources.mmocr(nn, nn.cat, 50, deformable="mmocr"))
    renamed = {name.replace("conv2_offset", "conv2.conv_offset"): value for name, value in weights.items()}
    found = mmocr.convert(renamed)
    assert found.spec["backbone"] == {"name": "det_resnet50", "pad_mode": "centred", **LAST_THREE}
    assert found.mapped["backbone.layer4.0.conv2.conv_offset.bias"] == "backbone.layer4.0.conv2.offset.bias"
    assert found.weights.keys() == mmocr.convert(weights).weights.keys()


def test_the_names_of_paddles_large_detectors():
    found = paddle.convert(paddle_names(filled(paddle_large(nn, nn.cat, 50, "large", deformable=True, kernel=7))))
    for theirs, ours in (
        ("backbone.conv1_3._batch_norm._mean", "backbone.stem.2.bn.moving_mean"),
        ("backbone.bb_0_2.conv1._conv.weight", "backbone.layer1.2.conv2.weight"),
        ("backbone.bb_2_5.conv1._conv.conv_dcn.weight", "backbone.layer3.5.conv2.weight"),
        ("backbone.bb_2_5.conv1._conv.conv_offset.bias", "backbone.layer3.5.conv2.offset.bias"),
        ("backbone.bb_3_0.short._batch_norm.weight", "backbone.layer4.0.down_sample.1.gamma"),
        ("neck.pan_head_conv.2.weight", "neck.pan_head_conv.2.weight"),
    ):
        assert found.mapped[theirs] == ours
    assert found.left_over == {}
    assert found.spec["backbone"] == {"name": "det_resnet50_vd", **LAST_THREE, "dcn_groups": 2}
    assert found.spec["neck"] == {"name": "LKPAN", "out_channels": 32, "mode": "large"}
    assert found.spec["head"] == {"name": "DBHead", "bias": False, "adaptive": True, "kernel_list": [7, 2, 2]}
    lite = paddle.convert(paddle_names(filled(paddle_large(nn, nn.cat, neck="lite"))))
    assert (lite.spec["backbone"], lite.spec["neck"]["mode"]) == ({"name": "det_resnet18_vd"}, "lite")
    assert lite.mapped["neck.inp_conv.1.bn2._variance"] == "neck.inp_conv.1.bn2.moving_variance"


def test_paddles_steep_hard_sigmoid_is_a_setting():
    excited = paddle.convert(paddle_names(filled(paddle_detector(nn, nn.cat, excite=True))))
    assert excited.spec["backbone"]["origin"] == "paddleocr"
    assert "origin" not in paddle.convert(paddle_names(filled(paddle_detector(nn, nn.cat)))).spec["backbone"]


@pytest.mark.parametrize(
    ("convert", "name", "message"),
    [
        (mmocr.convert, "backbone.stem.0.weight", "a ResNet whose stem has three convolutions"),
        (paddle.convert, "backbone.conv1._conv.weight", "a ResNet of Paddle with a 7x7 stem, which no"),
        (paddle.convert, "backbone.blocks3.0.dw_conv.conv.weight", "a PP-LCNet"),
    ],
)
def test_networks_that_this_toolkit_lacks(convert, name, message):
    with pytest.raises(CheckpointError, match=f"'{name}': {message}"):
        convert({name: np.zeros((1, 1, 1, 1), np.float32)})


def test_a_file_of_another_source(db):
    with pytest.raises(CheckpointError, match=r"entries are unknown .* model.module.backbone.conv1.weight, .* --from"):
        mmocr.convert(db)
    with pytest.raises(CheckpointError, match="1 of 1 entries are unknown to this converter: a.b. It reads X"):
        rename({"a.b": np.zeros(1)}, [("c", "d")], [], "X")


def test_an_incomplete_file(db, paddle_weights):
    for name in ("decoder.in2.weight", "backbone.layer4.1.conv1.weight"):
        less = {key: value for key, value in db.items() if not key.endswith(name)}
        with pytest.raises(CheckpointError, match="incomplete, or of another network|this toolkit has no ResNet"):
            torch_db.convert(less)
    narrow = {**paddle_weights, "backbone.conv.conv.weight": np.zeros((9, 3, 3, 3), np.float32)}
    with pytest.raises(CheckpointError, match="with 9 channels at the start and 480 at the end has no usual width"):
        paddle.convert(narrow)


def test_two_entries_for_one_name():
    with pytest.raises(CheckpointError, match="several entries would become c"):
        rename({"a": np.zeros(1), "b": np.zeros(1)}, [("[ab]", "c")], [], "X")


def test_batch_norm_names_by_hand():
    assert batch_norm_names(["a.weight", "a.running_mean", "b.weight", "c._mean", "c.bias"]) == {
        "a.weight": "a.gamma", "a.running_mean": "a.moving_mean", "c._mean": "c.moving_mean", "c.bias": "c.beta",
    }  # fmt: skip
