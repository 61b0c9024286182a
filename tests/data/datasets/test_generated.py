"""Lines that are generated while training: new ones in every epoch, those of the command that writes them."""

import logging
import string

import cv2
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.data.builder import build_dataset
from mindocr.data.datasets.generated import GeneratedLines
from mindocr.errors import ConfigError, DataError
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_writer import LineSetPlan, write_lines
from mindocr.synthetic.texts import TextOptions


def lines(**changes) -> GeneratedLines:
    return GeneratedLines(**{"number": 3, "length": [2, 9], "height": 32, "seed": 5, **changes})


def test_samples_are_the_lines_that_the_command_writes(tmp_path):
    texts = TextOptions(length=(2, 9))
    write_lines(LineSetPlan(tmp_path, 6, 2, LineOptions(32), texts, seed=5, progress=False))
    for split, is_train in (("train", True), ("test", False)):
        written = [(name, text) for _, name, text in read_rec_labels(tmp_path / f"{split}_gt.txt")]
        dataset = lines(is_train=is_train)
        for number, (name, text) in enumerate(written):
            sample = dataset.get(number % 3, epoch=number // 3)
            assert sample["text"] == text
            image = cv2.imread(str(tmp_path / split / name), cv2.IMREAD_COLOR_RGB)
            assert np.array_equal(sample["image"], image)
    blue_first = lines(img_mode="BGR").get(0)["image"]
    assert np.array_equal(blue_first[..., ::-1], lines().get(0)["image"])
    with pytest.raises(IndexError, match="sample 3 of 3"):
        lines().get(3)


PIPELINE = [
    {"RandomTurnTextLine": {"p": 0.5}},
    {"RecLabelEncode": {"characters": string.ascii_lowercase, "lower": True, "unknown": "drop", "max_text_len": 9}},
    {"ResizeTextLine": {"height": 32, "max_width": 64}},
    {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
    "ToCHWImage",
    {"PadTextLine": {"min_width": 64}},
]


def test_batches_do_not_depend_on_the_number_of_workers():
    columns = ["image", "text_seq", "text_length", "class_name"]
    spec = {"type": "GeneratedLines", "number": 6, "length": [2, 9], "height": 32, "transform_pipeline": PIPELINE,
            "source": "random", "output_columns": columns}  # fmt: skip
    found = []
    for workers in (0, 1):
        with build_dataset(spec, {"batch_size": 3, "shuffle": True, "num_workers": workers}, seed=3) as loader:
            found.append([[np.array(batch[name]) for name in columns] for batch in loader.epoch(1)])
    assert found[0][0][0].shape == (3, 3, 32, 64)
    assert all(np.array_equal(a, b) for x, y in zip(*found) for a, b in zip(x, y))


def test_a_text_that_an_op_refuses_names_the_line():
    dataset = lines(transform_pipeline=[{"RecLabelEncode": {"characters": "?"}}])
    with pytest.raises(DataError, match=r"^generated line 1: '.+': the dictionary lacks "):
        dataset.get(1)
    assert [record.img_path for record in dataset.records[1:]] == ["generated line 1", "generated line 2"]


def test_characters_without_a_font_are_named_once(caplog, tmp_path):
    (tmp_path / "keys.txt").write_text("a\n中\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        dataset = lines(source="random", character_dict_path=str(tmp_path / "keys.txt"))
    assert "GeneratedLines: 1 characters are never drawn" in caplog.text and ": 中; set font_dir" in caplog.text
    assert set(dataset.get(0)["text"]) == {"a"}


@pytest.mark.parametrize(("changes", "message"), [
    ({"number": 0}, "GeneratedLines: number must be 1 or more, got 0"),
    ({"characters": "a", "character_dict_path": "b"}, "give either characters or character_dict_path, not both"),
    ({"length": [5, 2]}, r"GeneratedLines: length: expected two whole numbers, .+ got \[5, 2\]"),
    ({"length": [5]}, r"GeneratedLines: length: expected two whole numbers, .+ got \[5\]"),
    ({"height": 8}, "GeneratedLines: height: expected at least 16 pixels, got 8"),
    ({"character_dict_path": "no/such.txt"}, "GeneratedLines: no/such.txt: no character dictionary"),
])  # fmt: skip
def test_mistakes_are_told(changes, message):
    with pytest.raises(ConfigError, match=message):
        lines(**changes)


def test_the_recipe_of_the_demo_trains_on_them(repo_root):
    encode = "train.dataset.transform_pipeline.RecLabelEncode.characters=0123456789abcdefghijklmnopqrstuvwxyz"
    config = load_config(repo_root / "configs/rec/crnn/crnn_small_synthetic.yaml", ["train.dataset.number=4", encode])
    options = {**dict(config.train.loader), "batch_size": 4, "num_workers": 0}
    with build_dataset(config.train.dataset, options) as loader:
        (batch,) = loader.epoch()
    assert batch["image"].shape == (4, 3, 32, 128) and batch["text_seq"].max() <= 36
