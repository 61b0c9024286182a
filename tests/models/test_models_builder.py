import hashlib
from dataclasses import replace
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import build_model, load_weights, zoo
from mindocr.models.precision import set_precision


@pytest.fixture
def spec():
    """A small detector's model section."""
    return {
        "type": "det",
        "transform": None,
        "backbone": {"name": "det_mobilenet_v3", "architecture": "small", "alpha": 0.35},
        "neck": {"name": "DBFPN", "out_channels": 16},
        "head": {"name": "DBHead", "k": 50},
    }


def check_network(name, image, gradient_step, reload_difference, fixed_size=False):
    model = build_model(name)
    x = image(2, 64, 64)
    assert model.set_train(False)(x).shape == (2, 1, 64, 64)
    if fixed_size:
        assert reload_difference(model, [2, 3, 64, 64], x) == 0
    assert reload_difference(model, [None, 3, None, None], x, image(1, 96, 32)) == 0
    before, after, without_gradient = gradient_step(model, x)
    assert after < before
    assert [n for n in without_gradient if "spat_att" not in n] == []
    assert [output.shape for output in model.set_train(True)(x)] == [(2, 1, 64, 64)] * len(model.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dbnet_resnet18"])
def test_named_model_runs_learns_and_exports(name, image, gradient_step, reload_difference):
    check_network(name, image, gradient_step, reload_difference, fixed_size=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dbnet_mobilenetv3", "dbnet_ppocrv3", "dbnet_resnet50", "dbnetpp_resnet50"])
def test_other_named_models_run_learn_and_export(name, image, gradient_step, reload_difference):
    check_network(name, image, gradient_step, reload_difference)


@pytest.mark.parametrize("mode", [ms.GRAPH_MODE, ms.PYNATIVE_MODE])
def test_any_section_builds_a_detector(spec, image, mode):
    ms.set_context(mode=mode)
    model = build_model(spec).set_train(False)
    assert model.stride == 32
    assert model(image(1, 32, 64)).shape == (1, 1, 32, 64)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["O0", "O1", "O2", "O3"])
def test_mixed_precision_keeps_names_and_float32_maps(spec, image, level):
    exact, model = build_model(spec).set_train(True), build_model(spec).set_train(True)
    load_weights(model, dict(exact.parameters_and_names()))
    names = [name for name, _ in model.parameters_and_names()]
    x = image(2, 64, 64)
    set_precision(model, level)
    maps = model(x)
    assert [output.dtype for output in maps] == [ms.float32] * 3
    assert [name for name, _ in model.parameters_and_names()] == names
    pairs = list(zip(maps, exact(x)))[:2]  # the binary map is a steep function of these two
    deviation = np.mean([np.abs(output.asnumpy() - wanted.asnumpy()).mean() for output, wanted in pairs])
    assert deviation < 1e-6 if level == "O0" else 1e-6 < deviation < 0.05


def test_input_sizes_are_checked(spec):
    model = build_model(spec)
    model.check_input_size(736, 1280)
    with pytest.raises(
        ConfigError, match="input width 100: this network takes multiples of 32; the nearest: 96 or 128"
    ):
        model.check_input_size(64, 100)
    with pytest.raises(ConfigError, match="input height 0: .* the nearest: 32"):
        model.check_input_size(0, 64)


def test_all_problems_come_at_once(spec):
    spec["bakbone"] = spec.pop("backbone")
    spec["neck"] = {"name": "DBFPM"}
    spec["head"]["k"] = "fifty"
    spec["transform"] = {"name": "STN"}
    with pytest.raises(ConfigError) as caught:
        build_model(spec)
    message = str(caught.value)
    assert message.startswith("5 problems in the model")
    for part in (
        "did you mean 'backbone'",
        "model.backbone: required",
        "did you mean 'DBFPN'",
        "model.head.k:",
    ):
        assert part in message
    assert "model.transform" in message


def test_unknown_model_name():
    with pytest.raises(ConfigError, match="unknown model 'dbnet_resnet5'.*did you mean 'dbnet_resnet50'"):
        build_model("dbnet_resnet5")


def test_part_that_is_no_section(spec):
    spec["head"] = "DBHead"
    with pytest.raises(ConfigError, match="model.head: expected {name: ..., arguments}, got 'DBHead'"):
        build_model(spec)


def save(net, path, rename=lambda name: name):
    ms.save_checkpoint([{"name": rename(p.name), "data": p} for p in net.get_parameters()], str(path))
    return str(path)


def test_backbone_weights_from_a_classifiers_checkpoint(spec, tmp_path):
    source = build_model(spec).backbone
    entries = [{"name": name, "data": p} for name, p in source.parameters_and_names()]
    entries.append({"name": "classifier.weight", "data": ms.Tensor(np.ones((10, 4), np.float32))})
    ms.save_checkpoint(entries, str(tmp_path / "imagenet.ckpt"))
    ms.set_seed(8)
    spec["backbone"]["pretrained"] = str(tmp_path / "imagenet.ckpt")
    loaded = build_model(spec)
    np.testing.assert_array_equal(loaded.backbone.features[0].weight.asnumpy(), source.features[0].weight.asnumpy())
    assert loaded.backbone.features[0].weight.name == "backbone.features.0.weight"
    untouched = build_model(spec, pretrained=False)
    assert (untouched.backbone.features[0].weight.asnumpy() != source.features[0].weight.asnumpy()).any()


MINT = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


@pytest.mark.parametrize("backbone", [
    {"name": "det_resnet18"},
    {"name": "det_mobilenet_v3", "alpha": 0.5,
     "bottleneck_params": {"se_version": "SqueezeExciteV2", "always_expand": True}},
])  # fmt: skip
@pytest.mark.parametrize("mint", [False, True])
def test_mindcvs_checkpoints_are_read_whole(spec, backbone, mint, tmp_path, caplog):
    """Before and after MindCV changed to mint layers; its names were compared with ours by a script."""
    spec["backbone"] = backbone
    source = build_model(spec).backbone
    entries = []
    for name, parameter in source.parameters_and_names():
        layer, _, last = name.rpartition(".")
        entries.append({"name": f"{layer}.{MINT.get(last, last)}" if mint else name, "data": parameter})
    norms = {entry["name"].rpartition(".")[0] for entry in entries if entry["name"].endswith("running_mean")}
    entries += [{"name": f"{norm}.num_batches_tracked", "data": ms.Tensor([5])} for norm in sorted(norms)]
    entries += [{"name": f"classifier.{last}", "data": ms.Tensor([1.0])} for last in ("weight", "bias")]
    ms.save_checkpoint(entries, str(tmp_path / "imagenet.ckpt"))
    ms.set_seed(8)
    with caplog.at_level("INFO"):
        loaded = build_model({**spec, "backbone": {**backbone, "pretrained": str(tmp_path / "imagenet.ckpt")}}).backbone
    for ours, theirs in zip(loaded.get_parameters(), source.get_parameters()):
        np.testing.assert_array_equal(ours.asnumpy(), theirs.asnumpy())
    assert f"{2 + len(norms)} skipped on purpose" in caplog.text
    assert mint or "skipped on purpose: classifier.weight, classifier.bias" in caplog.text
    entries = [entry for entry in entries if not entry["name"].endswith("0.weight")]
    ms.save_checkpoint(entries, str(tmp_path / "less.ckpt"))
    with pytest.raises(CheckpointError, match="not in the checkpoint"):
        build_model({**spec, "backbone": {**backbone, "pretrained": str(tmp_path / "less.ckpt")}})


def test_whole_weights_win_over_the_backbones(spec, tmp_path):
    source = build_model(spec)
    spec["pretrained"] = save(source, tmp_path / "whole.ckpt")
    spec["backbone"]["pretrained"] = str(tmp_path / "absent.ckpt")
    loaded = build_model(spec)
    for ours, theirs in zip(loaded.get_parameters(), source.get_parameters()):
        np.testing.assert_array_equal(ours.asnumpy(), theirs.asnumpy())
    assert build_model(spec, ckpt=tmp_path / "whole.ckpt") is not None


def test_dbnet_weights_start_a_dbnetpp_but_are_no_checkpoint_of_it(spec, tmp_path):
    spec["pretrained"] = path = save(build_model(spec), tmp_path / "dbnet.ckpt")
    spec["neck"]["use_asf"] = True
    build_model(spec)
    with pytest.raises(CheckpointError, match="not in the checkpoint: neck.fuse.conv.weight"):
        build_model(spec, ckpt=path)


def test_true_without_released_weights(spec):
    spec["backbone"]["pretrained"] = True
    with pytest.raises(ConfigError, match="model.backbone.pretrained: no released weights are known for"):
        build_model(spec)
    spec["pretrained"] = True
    with pytest.raises(ConfigError, match="model.pretrained: True names no file"):
        build_model(spec)


def test_released_weights_are_looked_for_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDOCR_HOME", str(tmp_path))
    source = build_model("dbnet_resnet18")
    content = Path(save(source, tmp_path / "net.ckpt")).read_bytes()
    name = f"net-{hashlib.sha256(content).hexdigest()[:8]}.ckpt"
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / name).write_bytes(content)
    named = replace(zoo.get_model("dbnet_resnet18"), weights=f"https://weights.invalid/{name}")
    monkeypatch.setitem(zoo._MODELS, "dbnet_resnet18", named)
    ms.set_seed(9)
    loaded = build_model("dbnet_resnet18", pretrained=True)
    np.testing.assert_array_equal(loaded.backbone.conv1.weight.asnumpy(), source.backbone.conv1.weight.asnumpy())
