"""Several networks in one: names, frozen networks, the one that is used."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import builder
from mindocr.models.builder import build_model
from mindocr.models.ensemble import Ensemble
from mindocr.models.network import Network, frozen_parameters, statistics
from mindocr.models.weights import load_weights
from mindocr.optim import EMA


class Backbone(nn.Cell):
    def __init__(self):
        super().__init__()
        self.out_channels, self.strides = [4], [4]
        self.conv = nn.Conv2d(3, 4, 3, stride=4)
        self.norm = nn.BatchNorm2d(4)

    def construct(self, x):
        return (self.norm(self.conv(x)),)


class Head(nn.Cell):
    """Two outputs of different shapes in training, one in evaluation."""

    outputs, inference_outputs = ("map", "mean"), ("map",)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 1, 1)

    def construct(self, features):
        values = self.conv(features[0])
        return (values, values.mean((1, 2, 3))) if self.training else values


class Around(nn.Cell):
    """Holds a network as the training step does."""

    def __init__(self, network):
        super().__init__(auto_prefix=False)
        self.network = network


def tiny():
    return Network(Backbone(), None, Head())


@pytest.fixture
def image():
    return Tensor(np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32))


def test_outputs_and_parameters_carry_the_names_of_their_networks(image):
    both = Ensemble({"student": tiny(), "teacher": tiny()}, "student", ["teacher"]).set_train(True)
    assert both.outputs == ("student.map", "student.mean", "teacher.map") and both.inference_outputs == ("map",)
    assert [o.shape for o in both(image)] == [(2, 1, 4, 4), (2,), (2, 1, 4, 4)]
    names = [p.name for p in both.get_parameters()]
    assert names[0] == "student.backbone.conv.weight" and names[-1] == "teacher.head.conv.weight"
    assert list(both.weights()) == [p.name for p in tiny().get_parameters()]
    used = both.set_train(False)(image)
    np.testing.assert_array_equal(used.asnumpy(), both.inference_network().set_train(False)(image).asnumpy())


def test_a_frozen_network_does_not_change(image, mode):
    both = Ensemble({"student": tiny(), "teacher": tiny()}, "student", ["teacher"])
    Around(both).set_train(True)
    frozen = {p.name: p.asnumpy().copy() for p in frozen_parameters(both)}
    assert len(frozen) == 6 and all(name.startswith("teacher.") for name in frozen)
    assert all(p.name.startswith("student.") for p in both.trainable_params())
    assert [p.name for p in statistics(both)] == [
        "student.backbone.norm.moving_mean",
        "student.backbone.norm.moving_variance",
    ]
    before = statistics(both)[0].asnumpy().copy()
    optimizer = nn.Momentum(both.trainable_params(), 0.1, 0.9)

    def total(x):
        student_map, student_mean, teacher_map = both(x)
        return student_map.sum() + student_mean.sum() + teacher_map.sum()

    compute = ms.value_and_grad(total, None, optimizer.parameters)
    for _ in range(2):
        optimizer(compute(image)[1])
    assert (statistics(both)[0].asnumpy() != before).any()
    for parameter in frozen_parameters(both):
        np.testing.assert_array_equal(parameter.asnumpy(), frozen[parameter.name])
    assert not any("teacher" in p.name for p in optimizer.get_parameters())
    assert not any("teacher" in p.name for p in EMA(both, 0.9).get_parameters())


def test_no_gradient_goes_through_a_frozen_network(image):
    both = Ensemble({"student": tiny(), "teacher": tiny()}, "student", ["teacher"]).set_train(True)

    def of_teacher(x):
        return both(x)[2].sum()

    gradient = ms.grad(of_teacher)(image)
    assert not gradient.asnumpy().any()


@pytest.fixture
def section(monkeypatch):
    def network(**more):
        return {"backbone": {"name": "tiny_for_tests"}, "head": {"name": "head_for_tests"}, **more}

    builder.BACKBONES.names(), builder.HEADS.names()

    class Plain(Backbone):
        def __init__(self, pretrained: bool = False) -> None:
            super().__init__()
            self.pretrained = pretrained

    class Built(Head):
        def __init__(self, in_channels: list) -> None:
            super().__init__()

    monkeypatch.setitem(builder.BACKBONES._classes, "tiny_for_tests", Plain)
    monkeypatch.setitem(builder.HEADS._classes, "head_for_tests", Built)
    return {"networks": {"student": network(), "teacher": network(frozen=True)}, "use": "student"}


def test_a_section_builds_all_networks_for_training_and_the_used_one_otherwise(section, tmp_path):
    both = build_model(section, training=True)
    assert isinstance(both, Ensemble) and both.frozen == {"teacher"}
    ms.save_checkpoint([{"name": n, "data": p} for n, p in both.weights().items()], str(tmp_path / "best.ckpt"))
    alone = build_model(section, ckpt=tmp_path / "best.ckpt")
    assert isinstance(alone, Network)
    student = both.inference_network().backbone.conv.weight.asnumpy()
    np.testing.assert_array_equal(alone.backbone.conv.weight.asnumpy(), student)
    section["networks"]["teacher"]["pretrained"] = str(tmp_path / "best.ckpt")
    taught = build_model(section, training=True)
    np.testing.assert_array_equal(taught.networks[1].backbone.conv.weight.asnumpy(), student)


def test_weights_of_all_networks_load_by_their_names(section, tmp_path):
    both = build_model(section, training=True)
    ms.save_checkpoint(both, str(tmp_path / "all.ckpt"))
    assert len(load_weights(build_model(section, training=True), tmp_path / "all.ckpt").loaded) == 12


def test_chosen_outputs_of_a_network(image, mode):
    """backbone_out of a trained network; of a frozen one what its head has in training only, from fixed statistics."""
    student, teacher = tiny(), tiny()
    student.choose_outputs(["map", "backbone_out"])
    teacher.choose_outputs(["mean", "neck_out"], frozen=True)
    both = Ensemble({"student": student, "teacher": teacher}, "student", ["teacher"]).set_train(True)
    assert both.outputs == ("student.map", "student.backbone_out", "teacher.mean", "teacher.neck_out")
    assert both.inference_outputs == ("map",)
    before = teacher.backbone.norm.moving_mean.asnumpy().copy()
    given = both(image)
    assert [o.shape for o in given] == [(2, 1, 4, 4), (2, 4, 4, 4), (2,), (2, 4, 4, 4)]
    np.testing.assert_array_equal(teacher.backbone.norm.moving_mean.asnumpy(), before)
    features = teacher.backbone(image)[0]
    np.testing.assert_allclose(given[3].asnumpy(), features.asnumpy(), rtol=1e-5, atol=1e-6)
    assert not teacher.backbone.norm.training and teacher.head.training
    assert both.set_train(False)(image).shape == (2, 1, 4, 4)


def test_a_single_chosen_output(image, mode):
    alone = tiny()
    alone.choose_outputs(["backbone_out"])
    assert alone.set_train(True)(image).shape == (2, 4, 4, 4) and alone.outputs == ("backbone_out",)
    assert alone.set_train(False)(image).shape == (2, 1, 4, 4)


def test_a_section_chooses_outputs(section):
    section["networks"]["student"]["outputs"] = ["map", "backbone_out"]
    assert build_model(section, training=True).outputs == ("student.map", "student.backbone_out", "teacher.map")
    assert build_model(section).outputs == ("map", "mean"), "alone it has those of its head"
    section["networks"]["teacher"]["outputs"] = ["men"]
    with pytest.raises(ConfigError, match=r"model.networks.teacher.outputs: no output 'men' \(did you mean 'mean'"):
        build_model(section, training=True)


def test_weights_that_are_not_there_name_their_network(section):
    section["networks"]["teacher"]["pretrained"] = "nowhere.ckpt"
    with pytest.raises(CheckpointError, match="model.networks.teacher.pretrained: nowhere.ckpt: no such file"):
        build_model(section, training=True)


def test_networks_of_one_kind_start_from_different_weights(section):
    """Equal ones would learn nothing from each other."""
    ms.set_seed(3)
    section["networks"]["student2"] = section["networks"]["student"]
    networks = build_model(section, training=True).networks
    first, second = (each.backbone.conv.weight.asnumpy() for each in (networks[0], networks[2]))
    assert np.abs(first - second).max() > 1e-3


def test_mistakes():
    with pytest.raises(ConfigError, match="model: no network 'b'; model.networks has a"):
        Ensemble({"a": tiny()}, "b")
    with pytest.raises(ConfigError, match="model.use: 'a' is frozen, so it would not be trained"):
        Ensemble({"a": tiny()}, "a", ["a"])
    with pytest.raises(ConfigError, match="model.networks.name_cells: MindSpore's cells have an attribute"):
        Ensemble({"name_cells": tiny()}, "name_cells")
