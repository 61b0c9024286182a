"""A recipe with a tiny network and a checkpoint, for tests that need a real model file."""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.config import Config, load_config
from mindocr.registry import BACKBONES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

OVERLAY = """base: {recipe}
model: {{backbone: {{name: tiny_for_tests}}, neck: {{out_channels: 16}}}}
postprocess: {{box_type: quad, binary_thresh: 0.7, box_thresh: 0.5}}
eval: {{ckpt_load_path: {weights}, dataset: {{transform_pipeline: {{DetResize: {{target_size: [96, 160]}}}}}}}}
predict: {{ckpt_load_path: {weights}}}
"""


@dataclass(frozen=True)
class Recipe:
    """A configuration, its file, and a checkpoint of random weights with that configuration stored in it."""

    path: Path
    config: Config
    ckpt: Path


@pytest.fixture
def recipe(repo_root, tmp_path, monkeypatch) -> Recipe:
    import mindspore as ms
    from tiny_network import Tiny

    from mindocr.engine.train import checkpoints
    from mindocr.models import build_model
    from mindocr.models.ckpt_entries import RUN_ENTRY

    BACKBONES.names()
    # For the length of a test only: other tests look at what is registered.
    monkeypatch.setitem(BACKBONES._classes, "tiny_for_tests", Tiny)
    path, ckpt = tmp_path / "recipe.yaml", tmp_path / "run" / "best.ckpt"
    text = OVERLAY.format(recipe=repo_root / "configs/det/dbnet/db_r18_synthetic.yaml", weights=ckpt)
    path.write_text(text, encoding="utf-8")
    config = load_config(path)
    ckpt.parent.mkdir()
    ms.set_seed(1)
    network = build_model(config.model.model_dump())
    # Without training all probabilities are nearly the same; these lie near 0 or 1.
    last = network.head.segm[-1]
    last.weight.set_data(last.weight * 1000)
    last.bias.set_data(last.bias * 0)
    checkpoints.save(network.weights(), ckpt, {RUN_ENTRY: {"config": config.model_dump()}})
    return Recipe(path, config, ckpt)


@pytest.fixture
def photo(tmp_path) -> Path:
    """An image of 160 x 200 with rectangles on a soft ground."""
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 255, (160, 200, 3), np.uint8), (0, 0), 5)
    for x in (20, 110):
        cv2.rectangle(image, (x, 40), (x + 60, 80), (250, 250, 250), -1)
    assert cv2.imwrite(str(tmp_path / "photo.png"), image)
    return tmp_path / "photo.png"
