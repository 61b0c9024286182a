"""The training pipelines of the recipes of recognition run, from photographs with labelled words to batches."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.config.read import resolve
from mindocr.data.loading.loader import Loader
from mindocr.formats.label_file import format_label_line
from mindocr.registry import DATASETS

RECIPES = Path(__file__).resolve().parents[2] / "configs/rec"
NAMES = [str(path.relative_to(RECIPES)) for path in sorted(RECIPES.glob("*/*.yaml")) if path.parent.name != "_base"]
WORDS = [("word", [[5, 5], [75, 8], [74, 28], [4, 25]]), ("a7", [[90, 10], [130, 10], [130, 30], [90, 30]])]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    lines = []
    for i in range(3):
        noise = np.random.default_rng(i).integers(0, 256, (40, 140, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{i}.png"), noise)
        texts = [{"transcription": text, "points": points} for text, points in WORDS]
        lines.append(format_label_line(f"{i}.png", texts) + "\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def training_set(spec: dict, folder: Path):
    """The data set of a recipe on the photographs, with a dictionary."""
    assert spec["type"] == "WordsOfDetDataset", "adapt this test"
    ops = [
        {name: {**(arguments or {}), **({"characters": "adorw7"} if name == "RecLabelEncode" else {})}}
        for op in spec["transform_pipeline"]
        for name, arguments in (op.items() if isinstance(op, dict) else [(op, None)])
    ]
    files = {"dataset_root": str(folder), "data_dir": ".", "label_file": "gt.txt"}
    return DATASETS.build({**spec, **files, "transform_pipeline": ops}, key="type", is_train=True, seed=1)


@pytest.mark.parametrize("name", NAMES)
def test_words_become_batches(photographs: Path, name: str) -> None:
    config = load_config(RECIPES / name)
    if config.train.dataset["type"] != "WordsOfDetDataset":
        pytest.skip("its lines come from elsewhere")
    dataset = training_set(config.train.dataset, photographs)
    height = next(op.height for op in dataset.pipeline.ops if type(op).__name__ == "ResizeTextLine")
    for epoch in range(3):
        (batch,) = Loader(dataset, batch_size=6, shuffle=True).epoch(epoch)
        assert batch["image"].shape == (6, 3, height, 320) and batch["image"].dtype == np.float32
        assert batch["text_seq"].shape == (6, 25) and (batch["text_length"] >= 2).all()
        assert np.abs(batch["image"]).max() <= 1.0


def test_several_scales(photographs: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"base: ['{RECIPES}/ppocr/ppocrv4_rec_mobile.yaml', '{RECIPES}/_base/multi_scale.yaml']\n", encoding="utf-8"
    )
    section = resolve(str(recipe), [])["train"]
    dataset = training_set({**section["dataset"], "sample_ratio": 6.0}, photographs)
    loader = Loader(dataset, batch_size=4, shuffle=True, drop_remainder=True, sampler=section["loader"]["sampler"])
    assert {batch["image"].shape for batch in loader.epoch()} == {(4, 3, 48, 320), (6, 3, 32, 320), (3, 3, 64, 320)}
