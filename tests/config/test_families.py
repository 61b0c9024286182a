"""Configurations of other models are recognised in one sentence; those of users' own parts are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mindocr.cli.main import run_command
from mindocr.config import load_config
from mindocr.config.families import FAMILIES, unknown_model
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError
from mindocr.registry import BACKBONES, HEADS, LOSSES

# family -> type, backbone, neck, head, loss, post-processing, metric, data set, as MindOCR's files name them
FILES = {
    "EAST (text detection)": ("det", "det_resnet50", "EASTFPN", "EASTHead", "EASTLoss", "EASTPostprocess", "DetMetric",
                              "DetDataset"),
    "PSENet (text detection)": ("det", "det_resnet152", "PSEFPN", "PSEHead", "PSEDiceLoss", "PSEPostprocess",
                                "DetMetric", "DetDataset"),
    "FCENet (text detection)": ("det", "det_resnet50", "FCEFPN", "FCEHead", "FCELoss", "FCEPostprocess", "DetMetric",
                                "DetDataset"),
    "CRNN with ResNet (text recognition)": ("rec", "rec_resnet34", "RNNEncoder", "CTCHead", "CTCLoss",
                                            "RecCTCLabelDecode", "RecMetric", "LMDBDataset"),
    "RARE (text recognition)": ("rec", "rec_resnet34", "RNNEncoder", "AttentionHead", "AttentionLoss",
                                "RecAttnLabelDecode", "RecMetric", "LMDBDataset"),
    "SVTR (text recognition)": ("rec", "SVTRNet", "Img2Seq", "CTCHead", "CTCLoss", "RecCTCLabelDecode", "RecMetric",
                                "LMDBDataset"),
    "RobustScanner (text recognition)": ("rec", "rec_resnet31", None, "RobustScannerHead", "SARLoss", "SARLabelDecode",
                                         "RecMetric", "RecDataset"),
    "VisionLAN (text recognition)": ("rec", "rec_resnet45", None, "VisionLANHead", "VisionLANLoss",
                                     "VisionLANPostProcess", "RecMetric", "LMDBDataset"),
    "MASTER (text recognition)": ("rec", "rec_resnet_master_resnet31", "MasterEncoder", "MasterDecoder",
                                  "AttentionLoss", "RecMasterLabelDecode", "RecMetric", "LMDBDataset"),
    "ABINet (text recognition)": ("rec", "abinet_backbone", None, "ABINetHead", "ABINetLoss", "ABINetLabelDecode",
                                  "RecMetric", "LMDBDataset"),
    "MobileNetV3 classifier (text orientation classification)": (
        "cls", "cls_mobilenet_v3_small_100", None, "MobileNetV3Head", "CrossEntropySmooth", "ClsPostprocess",
        "ClsMetric", "RecDataset"),
    "LayoutXLM (key information extraction)": ("kie", "layoutxlm", None, "TokenClassificationHead",
                                               "VQASerTokenLayoutLMLoss", "VQASerTokenLayoutLMPostProcess",
                                               "VQASerTokenMetric", "KieDataset"),
    "TableMaster (table recognition)": ("table", "table_resnet_extra", None, "TableMasterHead", "TableMasterLoss",
                                        "TableMasterLabelDecode", "TableMetric", "PubTabDataset"),
    "YOLOv8 (layout analysis)": ("layout", "yolov8_backbone", "YOLOv8Neck", "YOLOv8Head", "YOLOv8Loss",
                                 "YOLOv8Postprocess", "YOLOv8Metric", "PublayNetDataset"),
}  # fmt: skip


def configuration(names: tuple[str | None, ...]) -> dict[str, Any]:
    """A file in the form of MindOCR's, with settings that only this model knows."""
    kind, backbone, neck, head, loss, postprocess, metric, dataset = names
    part = {"type": dataset, "dataset_root": "data", "data_dir": "a", "label_file": "b.txt", "max_text_len": 25,
            "character_dict_path": None, "transform_pipeline": [{"RecAug": None}, {"PackLoaderInputs": None}],
            "output_columns": ["image", "text_seq"], "net_input_column_index": [0],
            "label_column_index": [1, 2]}  # fmt: skip
    return {
        "system": {"mode": 0, "val_while_train": True, "character_dict_path": None},
        "common": {"character_dict_path": "dict.txt"},
        "model": {
            "type": kind, "transform": None, "backbone": {"name": backbone, "pretrained": False},
            **({"neck": {"name": neck, "hidden_size": 256}} if neck else {}),
            "head": {"name": head, "out_channels": 37},
        },
        "loss": {"name": loss}, "postprocess": {"name": postprocess}, "metric": {"name": metric},
        "scheduler": {"scheduler": "warmup_cosine_decay", "lr": 0.001, "num_epochs": 30},
        "optimizer": {"opt": "adamw", "grouping_strategy": "svtr"},
        "train": {"dataset": dict(part), "loader": {"batch_size": 64}},
        "eval": {"dataset": dict(part), "loader": {"batch_size": 64}},
    }  # fmt: skip


def write(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "model.yaml"
    path.write_text(dump_yaml(values), encoding="utf-8")
    return path


@pytest.mark.parametrize("family", list(FILES))
def test_one_sentence_for_each_family(family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, configuration(FILES[family]))
    sentence = (
        f"{path}: this is a configuration of {family}, which mindocr does not have; it has DBNet, DBNet++, CTPN, CRNN "
        "and networks of PP-OCR ('mindocr recipes' lists them)"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path, command="train")
    assert str(caught.value) == sentence
    assert run_command("check-config", [str(path)]) == 1
    assert capsys.readouterr().err == sentence + "\n"


def test_layoutxlm_without_its_visual_backbone() -> None:
    values = configuration(FILES["LayoutXLM (key information extraction)"])
    values["model"]["backbone"]["use_visual_backbone"] = False
    assert str(unknown_model(values)).startswith("this is a configuration of VI-LayoutXLM (key information extraction)")


def test_a_model_that_nobody_knows() -> None:
    values = configuration(("rec", "swin_tiny", None, "ParseqHead", "PermutationLoss", None, None, "RecDataset"))
    assert unknown_model(values) == (
        "this is a configuration of an unknown model for text recognition: mindocr has no swin_tiny, ParseqHead, "
        "PermutationLoss; it has DBNet, DBNet++, CTPN, CRNN and networks of PP-OCR ('mindocr recipes' lists them). "
        "Parts of your own must be registered before the configuration is read"
    )


def test_a_misspelt_name_is_no_other_model(raw: dict[str, Any]) -> None:
    for key, name in (("head", "DBHaed"), ("neck", "DBFNP"), ("backbone", "det_resnet5")):
        raw["model"][key] = {"name": name}
    assert unknown_model(raw) is None
    raw["model"]["neck"]["name"] = "MyNeck"
    assert unknown_model(raw) is None


def test_registered_parts_are_never_another_model(raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Part:
        pass

    values = configuration(FILES["CRNN with ResNet (text recognition)"])
    del values["model"]["neck"]
    for registry, name in ((BACKBONES, "rec_resnet34"), (HEADS, "CTCHead"), (LOSSES, "CTCLoss")):
        registry.names()
        monkeypatch.setitem(registry._classes, name, Part)
    assert unknown_model(values) is None
    assert unknown_model(raw) is None


@pytest.mark.parametrize(("part", "name"), [("head", "CTCHaed"), ("neck", "SVTRNek"), ("neck", "LightSVTRNekc")])
def test_a_misspelt_part_of_ours_is_no_other_model(part: str, name: str) -> None:
    own = {"backbone": "rec_lcnet", "neck": "SVTRNeck", "head": "CTCHead", part: name}
    model = {"type": "rec", **{key: {"name": value} for key, value in own.items()}}
    assert unknown_model({"model": model, "loss": {"name": "CTCLoss"}}) is None


@pytest.mark.parametrize(("part", "name"), [("head", "CTPNHaed"), ("neck", "RowLTSM")])
def test_a_misspelt_part_of_ctpn_is_a_mistake(part: str, name: str) -> None:
    model = {"backbone": {"name": "det_vgg16"}, "neck": {"name": "RowLSTM"}, "head": {"name": "CTPNHead"}}
    assert unknown_model({"model": {**model, part: {"name": name}}, "loss": {"name": "CTPNLoss"}}) is None


def test_every_family_has_a_file() -> None:
    without = {"LayoutLMv3"}  # no configurations in MindOCR 0.5.0
    assert {name.partition(" (")[0] for name in FILES} | without == {family.name for family in FAMILIES}
