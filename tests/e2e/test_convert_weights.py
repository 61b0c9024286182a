"""The converter as a user runs it. The outputs of converted networks are tested in tests/models/converters."""

import os
import pickle
import re

import numpy as np
import pytest
import yaml

from mindocr.models import build_model, load_weights, read_checkpoint
from mindocr.registry import BACKBONES

PYTORCH = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def pytorch_name(name):
    layer, _, last = name.rpartition(".")
    return f"{layer}.{PYTORCH.get(last, last)}".replace("down_sample", "downsample")


@pytest.fixture(scope="module")
def backbone():
    return BACKBONES.build({"name": "det_resnet18"})


@pytest.fixture
def classifier(backbone, tmp_path):
    """A file with the names of torchvision's resnet18, its arrays plain NumPy ones."""
    arrays = {pytorch_name(name): p.asnumpy() for name, p in backbone.parameters_and_names()}
    arrays |= {"fc.weight": np.zeros((10, 512), np.float32), "fc.bias": np.zeros(10, np.float32)}
    (tmp_path / "resnet18.pth").write_bytes(pickle.dumps({"state_dict": arrays}, 4))
    return tmp_path / "resnet18.pth"


@pytest.fixture
def detector(tmp_path):
    """The authors' names of a complete DBNet with ResNet-18; returns (file, our network)."""
    net = build_model("dbnet_resnet18")
    levels = {f"unify_channels.{i}": f"in{i + 2}" for i in range(4)} | {"out.0": "out2"}
    levels |= {f"out.{i}": f"out{i + 2}.0" for i in range(1, 4)}
    arrays = {}
    for name, parameter in net.parameters_and_names():
        part, _, rest = pytorch_name(name).partition(".")
        rest = re.sub(r"(unify_channels\.\d|out\.\d)", lambda m: levels[m[1]], rest).replace("segm.", "binarize.")
        arrays[f"model.module.{'backbone' if part == 'backbone' else 'decoder'}.{rest}"] = parameter.asnumpy()
    (tmp_path / "db.pth").write_bytes(pickle.dumps(arrays, 4))
    return tmp_path / "db.pth", net


@pytest.mark.parametrize("suffix", [".ckpt", pytest.param(".safetensors", marks=pytest.mark.slow)])
def test_a_backbone(tool, classifier, backbone, tmp_path, suffix):
    output = tmp_path / "new" / f"resnet18{suffix}"
    done = tool("tools/convert_weights.py", "--from", "torchvision", "--to", "mindspore", "--input", classifier,
                "--output", output)  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert f"{output}: 100 entries mapped, 2 left over" in done.out
    assert "left over, the classifier, which a detector does not have: fc.weight, fc.bias" in done.out
    written = read_checkpoint(output)
    assert len(written) == 100
    for name, parameter in backbone.parameters_and_names():
        np.testing.assert_array_equal(written[name].asnumpy(), parameter.asnumpy())
    section = yaml.safe_load(done.out.partition("computed:\n")[2])["model"]
    load_weights(BACKBONES.build(section["backbone"]), output)
    assert [p.name for p in output.parent.iterdir()] == [output.name]


def test_a_detector_for_a_named_model(tool, detector, tmp_path):
    path, net = detector
    done = tool("tools/convert_weights.py", "--from", "torch-db", "--input", path, "--output", tmp_path / "db.ckpt",
                "--model", "dbnet_resnet18")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "model.backbone.pad_mode: the source computes with 'centred', this model has 'same'" in done.out
    assert "input of the source: BGR, minus (122.68, 116.67, 104.01), divided by 255" in done.out
    loaded = build_model("dbnet_resnet18", ckpt=tmp_path / "db.ckpt")
    for ours, theirs in zip(loaded.get_parameters(), net.get_parameters()):
        np.testing.assert_array_equal(ours.asnumpy(), theirs.asnumpy())


def test_a_detector_for_a_yaml_file(tool, detector, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    base = os.path.relpath("configs/det/dbnet/db_r18_icdar15.yaml", tmp_path)
    recipe.write_text(f"base: [{base}]\nmodel: {{backbone: {{pad_mode: centred}}}}\n")
    done = tool("tools/convert_weights.py", "--from", "torch-db", "--input", detector[0], "--output",
                tmp_path / "db.ckpt", "--model", recipe)  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "this model has" not in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--from", "torchvision", "--model", "dbnet_resnet50"],
            "not in the checkpoint: ",
        ),
        (["--from", "torchvision", "--model", "dbnet_resnet5"], "unknown model 'dbnet_resnet5'"),
        (["--from", "torch-db"], "102 of 102 entries are unknown to this converter: conv1.weight"),
        (["--from", "torchvision", "--output", "x.pth"], "--output: 'x.pth' must end in .ckpt or .safetensors"),
        (["--from", "torchvision", "--input", "absent.pth"], "absent.pth: cannot be read (No such file or directory)"),
        (["--from", "caffe"], "argument --from: invalid choice: 'caffe'"),
    ],
)
def test_mistakes(tool, classifier, tmp_path, words, message):
    defaults = ["--input", classifier, "--output", tmp_path / "out.ckpt"]
    done = tool("tools/convert_weights.py", *defaults, *words)
    assert done.code == 2 and "error: " in done.err and "Traceback" not in done.err and done.out == ""
    assert message in done.err
    assert not (tmp_path / "out.ckpt").exists()


def test_what_is_missing_is_listed(tool, detector, tmp_path):
    arrays = pickle.loads(detector[0].read_bytes())
    del arrays["model.module.decoder.thresh.4.weight"], arrays["model.module.backbone.layer3.1.bn2.bias"]
    (tmp_path / "less.pth").write_bytes(pickle.dumps(arrays, 4))
    done = tool("tools/convert_weights.py", "--from", "torch-db", "--input", tmp_path / "less.pth", "--output",
                tmp_path / "less.ckpt")  # fmt: skip
    assert done.code == 2
    assert "less.pth" in done.err
    assert "2 not in the checkpoint: backbone.layer3.1.bn2.beta, head.thresh.4.gamma" in done.err
    assert not (tmp_path / "less.ckpt").exists()


class Payload:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_file_with_planted_code(tool, tmp_path):
    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"w": Payload(f"touch {tmp_path / 'executed'}")}, 4))
    done = tool("tools/convert_weights.py", "--from", "torch-db", "--input", tmp_path / "evil.pth", "--output",
                tmp_path / "out.ckpt")  # fmt: skip
    assert done.code == 2
    assert "evil.pth: it asks for 'posix.system', which weights do not need; nothing of it was executed" in done.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil.pth"]
