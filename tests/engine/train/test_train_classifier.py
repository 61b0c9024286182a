"""A tiny direction classifier learns drawn lines, upright and turned; evaluation, prediction and reading use it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from mindspore import nn

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluator
from mindocr.engine.train import trainer
from mindocr.errors import ConfigError
from mindocr.inference.classifier import TextClassifier
from mindocr.registry import BACKBONES

pytestmark = pytest.mark.slow
EPOCHS = 12


class TinyLine(nn.Cell):
    """Three convolutions, whose rows become channels so that the mean over all positions keeps up and down apart."""

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, 16 * 6, [1]
        self.layers = nn.SequentialCell(
            nn.Conv2d(3, 16, 3, stride=2, has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
        )  # fmt: skip

    def construct(self, x):
        x = self.layers(x)
        n, c, h, w = x.shape
        return x.reshape((n, c * h, 1, w))


@pytest.fixture
def recipe(tmp_path, repo_root, monkeypatch):
    """The recipe with the tiny network on 32 images of four letters; the last line of the list has no class."""
    BACKBONES.names()
    monkeypatch.setitem(BACKBONES._classes, "tiny_line", TinyLine)
    rng = np.random.default_rng(4)
    lines = []
    for i in range(32):
        image = np.full((48, 96, 3), 255, np.uint8)
        word = "".join(rng.choice(list("LTPFJ17"), 4))  # letters that look different upside down
        cv2.putText(image, word, (4, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (60, 30, 10), 3)
        cv2.imwrite(str(tmp_path / f"{i}.png"), image[::-1, ::-1] if i % 2 else image)
        lines.append(f"{i}.png\t{180 if i % 2 else 0}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "train.txt").write_text("".join(lines) + "0.png\t90\n", encoding="utf-8")

    def build(*overrides: str, name: str = "ppocr_cls_mobile"):
        data = f"dataset_root: {tmp_path}, data_dir: ., label_file"
        listed = [
            f"train.dataset={{type: ClsDataset, {data}: train.txt, on_error: skip, sample_ratio: 2}}",
            f"eval.dataset={{type: ClsDataset, {data}: gt.txt}}",
            *(f"{part}.dataset.transform_pipeline.RandomTurnTextLine=drop" for part in ("train", "eval")),
        ]
        small = "transform_pipeline.PadTextLine.min_width=96"
        return load_config(
            repo_root / f"configs/cls/ppocr/{name}.yaml",
            [
                "train.dataset.transform_pipeline.RecAug=drop",
                *(listed if name == "ppocr_cls_mobile" else []),
                *(f"{part}.dataset.{small}" for part in ("train", "eval", "predict")),
                "model.backbone={name: tiny_line}",
                f"scheduler={{lr: 0.004, num_epochs: {EPOCHS}, decay_epochs: {EPOCHS}}}",
                f"system.val_start_epoch={EPOCHS}",
                "train.loader={batch_size: 16, num_workers: 0}",
                "eval.loader={batch_size: 16, num_workers: 0}",
                f"train.ckpt_save_dir={tmp_path}/run",
                f"eval.ckpt_load_path={tmp_path}/run/best.ckpt",
                *overrides,
            ],
        )

    return build


def test_it_learns_the_direction(recipe, tmp_path):
    result = trainer.run(recipe())
    assert result.scores["acc"] >= 0.9, result.losses
    (skipped,) = result.skipped
    assert "the label is '90'; expected 0 or 180" in skipped and "train.txt:33" in skipped
    evaluation = evaluator.run(recipe())
    assert evaluation.scores["acc"] == result.scores["acc"]
    assert evaluation.summary().startswith("acc ") and "180: " in evaluation.summary()
    rows = (tmp_path / "run/eval/class.txt").read_text(encoding="utf-8").splitlines()
    assert rows[0].split("\t")[:2] == [f"{tmp_path}/0.png", evaluation.predictions[0][1].label]
    classifier = TextClassifier(tmp_path / "run/best.ckpt")
    assert classifier(str(tmp_path / "1.png")).prediction.label in ("0", "180")
    crops = [cv2.imread(str(tmp_path / f"{i}.png"))[..., ::-1] for i in (0, 1)]
    assert classifier.upside_down(crops, threshold=1.0) == [False, False]
    labels = [classifier(str(tmp_path / f"{i}.png")).prediction.label for i in (0, 1)]
    assert classifier.upside_down(crops, threshold=0.0, batch_size=1) == [label == "180" for label in labels]


def test_it_learns_the_direction_of_generated_lines(recipe, tmp_path):
    """The recipe for generated lines; it is judged on lines that it has not seen, half of them turned."""
    lines = "source: random, characters: LTPFJ147, length: [3, 5], words: [1, 1], difficulty: easy"
    result = trainer.run(
        recipe(
            f"train.dataset={{number: 160, {lines}}}",
            f"eval.dataset={{type: GeneratedLines, number: 96, height: 48, img_mode: BGR, {lines}}}",
            "eval.dataset.transform_pipeline={DecodeImage: drop, CropTextLine: drop}",
            *(f"{part}.dataset.transform_pipeline.ResizeTextLine.max_width=96" for part in ("train", "eval")),
            "scheduler={lr: 0.004, num_epochs: 10, decay_epochs: 10}",
            "system.val_start_epoch=10",
            name="ppocr_cls_mobile_synthetic",
        )
    )
    assert result.scores["acc"] > 0.8, result.losses


def test_parts_of_another_task_are_refused(recipe):
    with pytest.raises(ConfigError, match="ClsMetric evaluates Classification, but CTCDecode returns Text"):
        recipe("postprocess={name: CTCDecode, characters: ab}")
