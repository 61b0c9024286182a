"""Parts that do not fit together are found before anything is built; the check depends on no task."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mindocr.config import Config
from mindocr.config.check import check, check_for
from mindocr.config.pairing import pairing_problems
from mindocr.errors import ConfigError
from mindocr.registry import HEADS, LOSSES, METRICS, POSTPROCESSES


class Angle:
    """A prediction type of another task."""


class Head:
    outputs, inference_outputs = ("logits", "features"), ("probs",)

    def __init__(self, in_channels: int) -> None:
        pass


class Loss:
    reads, labels = ("logits",), ("angle",)

    def __init__(self) -> None:
        pass


class Decode:
    reads, columns, gives = ("probs",), ("crop_size",), Angle

    def __init__(self) -> None:
        pass


class Accuracy:
    reads, judges = ("angle",), Angle

    def __init__(self) -> None:
        pass


@pytest.fixture
def other_task(raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    parts = (
        (HEADS, Head, "head"),
        (LOSSES, Loss, "loss"),
        (POSTPROCESSES, Decode, "decode"),
        (METRICS, Accuracy, "acc"),
    )
    for registry, cls, name in parts:
        registry.names()
        monkeypatch.setitem(registry._classes, f"{name}_for_tests", cls)
    raw = copy.deepcopy(raw)
    raw["model"].update(type="cls", neck=None, head={"name": "head_for_tests"})
    raw.update(
        loss={"name": "loss_for_tests"}, postprocess={"name": "decode_for_tests"}, metric={"name": "acc_for_tests"}
    )
    raw["train"]["dataset"]["output_columns"] = ["image", "angle"]
    raw["eval"]["dataset"]["output_columns"] = ["image", "angle", "crop_size"]
    raw["predict"]["dataset"]["output_columns"] = ["image", "img_path", "crop_size"]
    return raw


def test_a_task_of_other_outputs_and_columns_fits(other_task: dict[str, Any]) -> None:
    assert pairing_problems(other_task) == []


@pytest.mark.parametrize(
    ("change", "path", "text"),
    [
        ({"loss": {"name": "DBLoss"}}, "loss", "DBLoss reads prob; in training the network outputs logits, features"),
        (
            {"postprocess": {"name": "DBPostprocess"}},
            "postprocess",
            "DBPostprocess reads prob; in evaluation the network outputs probs",
        ),
        ({"metric": {"name": "DetMetric"}}, "metric", "DetMetric evaluates Detection, but Decode returns Angle"),
    ],
)
def test_parts_of_another_task(other_task: dict[str, Any], change: dict[str, Any], path: str, text: str) -> None:
    found = dict(pairing_problems({**other_task, **change}))
    assert found[path].replace("decode_for_tests", "Decode") == text


def test_columns_that_a_part_reads_are_asked_of_the_data_set(other_task: dict[str, Any]) -> None:
    other_task["train"]["dataset"]["output_columns"] = ["image"]
    other_task["eval"]["dataset"]["output_columns"] = ["angle"]
    found = dict(pairing_problems(other_task))
    assert found["train.dataset.output_columns"] == "lacks angle, which the network and loss_for_tests read"
    assert found["eval.dataset.output_columns"] == "lacks image, crop_size, which evaluation read"


def test_a_detector_needs_its_columns(raw: dict[str, Any]) -> None:
    raw["train"]["dataset"]["output_columns"] = ["image", "binary_map", "mask"]
    with pytest.raises(ConfigError, match="train.dataset.output_columns: lacks thresh_map, thresh_mask, which"):
        check(raw, "a.yaml")


def test_a_map_that_evaluation_does_not_give(raw: dict[str, Any]) -> None:
    raw["postprocess"]["pred_name"] = "thresh"
    with pytest.raises(
        ConfigError, match="postprocess: DBPostprocess reads thresh; in evaluation the network outputs prob"
    ):
        check(raw, "a.yaml")


@pytest.fixture
def two(raw: dict[str, Any]) -> dict[str, Any]:
    network = {key: raw["model"].pop(key) for key in ("backbone", "neck", "head")}
    raw["model"].pop("pretrained", None)
    raw["model"].update(
        networks={"student": network, "teacher": {**copy.deepcopy(network), "frozen": True, "pretrained": "t.ckpt"}},
        use="student",
    )
    raw["loss"] = {"name": "CombinedLoss", "terms": [{"loss": {"name": "DBLoss"}, "networks": ["student"]}]}
    return raw


def test_two_networks_pass(two: dict[str, Any]) -> None:
    config = check(two, "a.yaml")
    assert isinstance(config, Config) and config.model.networks is not None
    assert config.model.networks["teacher"].frozen and config.model.backbone is None


def test_outputs_that_a_network_should_give(two: dict[str, Any]) -> None:
    between = {"loss": {"name": "DistanceLoss", "output": "neck_out"}, "networks": ["student", "teacher"]}
    two["loss"]["terms"].append(between)
    with pytest.raises(ConfigError, match="loss: CombinedLoss reads student.neck_out, teacher.neck_out; in training"):
        check(two, "a.yaml")
    networks = two["model"]["networks"]
    networks["student"]["outputs"] = ["prob", "thresh", "binary", "neck_out"]
    networks["teacher"]["outputs"] = ["neck_out"]
    check(two, "a.yaml")
    networks["teacher"]["outputs"] = ["neck_outt"]
    with pytest.raises(ConfigError, match=r"model.networks.teacher.outputs: no output 'neck_outt' \(did you mean"):
        check(two, "a.yaml")


def test_a_frozen_network_without_weights_teaches_nothing(two: dict[str, Any]) -> None:
    del two["model"]["networks"]["teacher"]["pretrained"]
    with pytest.raises(ConfigError, match="model.networks.teacher.pretrained: required, because the network is frozen"):
        check(two, "a.yaml")
    check_for("eval", two, "a.yaml")


def test_a_loss_of_one_network_says_what_two_networks_give(two: dict[str, Any]) -> None:
    two["loss"] = {"name": "DBLoss"}
    given = "student.prob, student.thresh, student.binary, teacher.prob"
    text = f"loss: DBLoss reads prob; in training the network outputs {given}"
    with pytest.raises(ConfigError, match=text):
        check(two, "a.yaml")


def test_parts_of_named_networks_are_checked(two: dict[str, Any]) -> None:
    two["model"]["networks"]["teacher"]["neck"]["out_chanels"] = 1
    two["model"]["networks"]["student"]["frosen"] = True
    two["model"]["use"] = "pupil"
    with pytest.raises(ConfigError) as caught:
        check(two, "a.yaml")
    message = str(caught.value)
    assert "model.networks.teacher.neck.out_chanels: DBFPN has no argument 'out_chanels' (did you mean" in message
    assert "model.networks.student.frosen: unknown key 'frosen' (did you mean 'frozen'?)" in message
    assert "model.use: no network is called 'pupil'; known: student, teacher" in message


def test_parts_that_state_another_number_than_the_head(repo_root):
    from mindocr.config import load_config

    recipe = repo_root / "configs/det/ctpn/ctpn_vgg16_icdar13.yaml"
    with pytest.raises(ConfigError) as caught:
        load_config(recipe, ["model.head.num_anchors=10", "postprocess.anchor_heights=paper"])
    message = str(caught.value)
    assert "AnchorTargets has 14 anchors, but CTPNHead has 10; they must be equal" in message
    assert "1 problem" in message and "train.dataset.transform_pipeline[" in message
    with pytest.raises(ConfigError, match="postprocess: CTPNPostProcess has 2 anchors, but CTPNHead has 14"):
        load_config(recipe, ["postprocess.anchor_heights=[16, 32]"])
