"""What is stored of a run: hashes that change with their content, and with nothing else."""

import hashlib
import json

from mindocr.engine.runtime import build
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import provenance
from mindocr.engine.train.checkpoint_info import describe_file


def describe(config):
    with build.train_loader(config, Runtime("CPU")) as loader:
        return provenance.describe(config, Runtime("CPU"), loader.dataset)


def test_all_that_makes_a_run_is_told_in_json(tiny_config, tiny_data):
    about = json.loads(json.dumps(describe(tiny_config())))
    assert set(about["versions"]) == {"mindocr", "mindspore", "numpy", "opencv", "python"}
    label_file = tiny_data / "train_gt.txt"
    assert about["data"]["images"] == 12
    assert about["data"]["label_files"] == {str(label_file): hashlib.sha256(label_file.read_bytes()).hexdigest()}
    assert (about["seed"], about["ranks"], about["device"]) == (42, 1, "CPU")
    assert about["command"]


def test_the_hash_of_a_configuration_is_blind_to_places_alone(tiny_config):
    first = describe(tiny_config())
    moved = describe(tiny_config("train.resume=auto", folder="elsewhere"))
    other = describe(tiny_config("scheduler.lr=0.5"))
    assert first["config_sha256"] == moved["config_sha256"] != other["config_sha256"]
    assert provenance.differences(first, moved) == []
    old = first["config"]["scheduler"]["lr"]
    assert provenance.differences(first, other) == [f"scheduler.lr: {old} -> 0.5"]


def test_other_data_and_other_versions_are_told(tiny_config):
    before = describe(tiny_config())
    now = json.loads(json.dumps(before))
    now["data"].update(images=11, sha256="0")
    now["versions"]["numpy"] = "9.9"
    lines = provenance.differences(before, now)
    assert lines[0].endswith("-> 9.9")
    assert lines[1] == "training data: 12 images, now 11; the label files are not the same"


def test_a_file_without_a_run_says_so(tmp_path):
    import mindspore as ms
    from mindspore import nn

    ms.save_checkpoint(nn.Dense(2, 1), str(tmp_path / "a.ckpt"))
    text = describe_file(tmp_path / "a.ckpt")
    assert "ckpt, complete (it has no checksum), 2 parameters" in text
    assert "no information about the run that wrote it" in text
