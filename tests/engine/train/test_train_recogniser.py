"""A tiny recogniser learns eight drawn words, its checkpoint holds the dictionary, and evaluation reads them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lmdb_files import write_lmdb
from mindspore import nn

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluator
from mindocr.engine.train import trainer
from mindocr.errors import ConfigError, DataError
from mindocr.inference.recogniser import TextRecogniser
from mindocr.registry import BACKBONES, NECKS
from mindocr.report.recognition.read_evaluation import read_words

pytestmark = pytest.mark.slow
WORDS = ("exit", "open", "no 5", "taxi", "zoo", "menu", "stop", "book")
ALPHABET = "".join(sorted(set("".join(WORDS)) - {" "}))


class TinyLine(nn.Cell):
    """Three convolutions whose six rows become channels, (N, 3, 48, W) -> (N, 96, 1, W / 4)."""

    width_divisions = (2, 2)

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, 96, [1]
        self.layers = nn.SequentialCell(
            nn.Conv2d(3, 16, 3, stride=2, has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=(2, 1), has_bias=True), nn.BatchNorm2d(16), nn.ReLU(),
        )  # fmt: skip

    def construct(self, x):
        x = self.layers(x)
        n, c, h, w = x.shape
        return x.reshape((n, c * h, 1, w))


class TinySteps(nn.Cell):
    """Each time step sees its neighbours, (N, C, 1, T) -> (N, T, 64)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.out_channels = 64
        self.layers = nn.SequentialCell(
            nn.Conv2d(in_channels, 64, (1, 5), has_bias=True), nn.BatchNorm2d(64), nn.ReLU()
        )

    def construct(self, x):
        return self.layers(x).squeeze(2).swapaxes(1, 2)


@pytest.fixture
def recipe(tmp_path, repo_root, monkeypatch):
    """The recipe with the tiny network on eight images of words; the last line of the list has a word too long."""
    BACKBONES.names()
    monkeypatch.setitem(BACKBONES._classes, "tiny_line", TinyLine)
    NECKS.names()
    monkeypatch.setitem(NECKS._classes, "TinySteps", TinySteps)
    lines = []
    for i, word in enumerate(WORDS):
        image = np.full((48, 150, 3), 255, np.uint8)
        cv2.putText(image, word, (5, 35), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (60, 30, 10), 3)
        cv2.imwrite(str(tmp_path / f"{i}.png"), image)
        lines.append(f"{i}.png\t{word}\n")
    (tmp_path / "eval.txt").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "train.txt").write_text("".join(lines) + "0.png\tbook stop\n", encoding="utf-8")
    (tmp_path / "keys.txt").write_text("\n".join(ALPHABET), encoding="utf-8")

    def build(*overrides: str):
        data = f"dataset_root: {tmp_path}, data_dir: ., label_file"
        return load_config(
            repo_root / "configs/rec/ppocr/ppocrv3_rec_mobile.yaml",
            [
                f"train.dataset={{type: RecDataset, {data}: train.txt, on_error: skip, sample_ratio: 8}}",
                f"eval.dataset={{type: RecDataset, {data}: eval.txt}}",
                "train.dataset.transform_pipeline.RecLabelEncode.max_text_len=8",
                "train.dataset.transform_pipeline.RecConAug=drop",
                "train.dataset.transform_pipeline.RecAug=drop",
                "train.dataset.transform_pipeline.PadTextLine.min_width=160",
                "eval.dataset.transform_pipeline.PadTextLine.min_width=160",
                "predict.dataset.transform_pipeline.PadTextLine.min_width=160",
                "model.backbone={name: tiny_line}",
                "model.neck={name: TinySteps}",
                f"model.head.out_channels={len(ALPHABET) + 2}",
                "scheduler={scheduler: cosine_decay, lr: 0.004, num_epochs: 30, warmup_epochs: 0}",
                "optimizer.weight_decay=0",
                "system.val_start_epoch=30",
                "train.loader={batch_size: 8, num_workers: 0}",
                "eval.loader={batch_size: 3, num_workers: 0}",
                f"train.ckpt_save_dir={tmp_path}/run",
                f"eval.ckpt_load_path={tmp_path}/run/best.ckpt",
                *overrides,
            ],
        )

    return build


def test_it_learns_eight_words(recipe, tmp_path):
    result = trainer.run(recipe(f"postprocess.character_dict_path={tmp_path}/keys.txt"))
    assert result.scores["exact"] == 1.0
    assert result.skipped == []  # known before, and counted once
    log = (tmp_path / "run/log_0.txt").read_text(encoding="utf-8")
    assert log.count("1 longer than max_text_len 8 (first: ") == 1 and "train.txt:9 'book stop'" in log
    assert "8 texts, which need up to 5 time steps; the network computes 40 time steps for lines of 160 pixels" in log
    assert result.losses[0] > 3 > 0.5 > result.losses[-1]
    (tmp_path / "keys.txt").unlink()
    evaluation = evaluator.run(recipe(), report=tmp_path / "page")  # the dictionary is that of the checkpoint
    assert "every text was read exactly" in (tmp_path / "page/report.html").read_text(encoding="utf-8")
    assert [found.text for _, found in evaluation.predictions] == list(WORDS)
    scores = evaluation.scores
    assert scores["acc"] == scores["norm_edit_distance"] == 1.0 and scores["interval"]["acc"][0] < 0.7
    rows = (tmp_path / "run/eval/text.txt").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[:2] for row in rows] == [[f"{tmp_path}/{i}.png", word] for i, word in enumerate(WORDS)]
    labels = [
        f'{i}.png\t[{{"transcription": "{word}", "points": [[0, 0], [150, 0], [150, 48], [0, 48]]}}]\n'
        for i, word in enumerate(WORDS)
    ]
    (tmp_path / "words.txt").write_text("".join(labels), encoding="utf-8")
    words = f"eval.dataset={{type: WordsOfDetDataset, dataset_root: {tmp_path}, data_dir: ., label_file: words.txt}}"
    evaluator.run(recipe(words, f"train.ckpt_save_dir={tmp_path}/words"))
    for folder, has_polygons in (("run/eval", False), ("words/eval", True)):
        read = read_words(tmp_path / folder)
        assert [word.truth for word in read] == list(WORDS)
        assert all((word.polygon is not None) == has_polygons for word in read), "where the text is in its image"
    recogniser = TextRecogniser(tmp_path / "run/best.ckpt")
    assert recogniser(str(tmp_path / "2.png")).prediction.text == "no 5"


def test_batches_of_two_widths_from_lmdb_with_augmentation(recipe, tmp_path, caplog):
    pytest.importorskip("lmdb")
    write_lmdb(tmp_path / "lines", [*WORDS, "oooo", *WORDS], size=(24, 30))
    line = "train.dataset.transform_pipeline"
    config = recipe(
        f"train.dataset={{type: LMDBDataset, dataset_root: {tmp_path}, data_dir: lines, on_error: skip}}",
        "train.dataset.sample_ratio=1.0",
        f"{line}.RecLabelEncode={{max_text_len: 8, unknown: drop}}",
        "train.loader.sampler={name: WidthBucketSampler, height: 48, widths: [72, 96], by_area: True}",
        "train.loader.batch_size=4", "train.loader.drop_remainder=False",
        "scheduler.num_epochs=1", "system.val_while_train=False",
        f"postprocess.character_dict_path={tmp_path}/keys.txt",
    )  # fmt: skip
    ops = config.train.dataset["transform_pipeline"]
    ops[3:3] = [{"RecConAug": {"prob": 1.0, "image_shape": [48, 96]}}, {"RecAug": {}}]
    result = trainer.run(config)
    assert len(result.losses) == result.steps == 4 and np.isfinite(result.losses).all()
    log = (tmp_path / "run/log_0.txt").read_text(encoding="utf-8")
    assert (
        "batches have 2 shapes (h x w), each of which is compiled once: 5 images of 48 x 72 (25%), "
        "4 images of 48 x 96 (75%); padding is " in log
    )
    assert "17 texts, which need up to 7 time steps; the network computes 24 time steps for lines of 96 pixels" in log


def test_mistakes_end_the_run_before_it_begins(recipe, tmp_path):
    with pytest.raises(
        ConfigError, match=r"no character dictionary is given, and model\.pretrained names no checkpoint"
    ):
        trainer.run(recipe())
    (tmp_path / "keys.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model\.head\.out_channels: \d+ classes, but .*keys\.txt needs 4"):
        trainer.run(recipe(f"postprocess.character_dict_path={tmp_path}/keys.txt"))
    (tmp_path / "train.txt").write_text("0.png\texit\n1.png\t\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"train\.txt:2: no text after the tab"):
        trainer.run(recipe(f"postprocess.characters={ALPHABET}"))
    assert not (tmp_path / "run/best.ckpt").exists()
