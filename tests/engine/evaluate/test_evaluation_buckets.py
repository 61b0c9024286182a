"""Evaluation with shape buckets: the same scores, and few input shapes. NumPy stands in for the network."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mindocr.data.loading.loader import Loader
from mindocr.engine.evaluate import evaluator
from mindocr.engine.evaluate.evaluator import Evaluator
from mindocr.metrics.det_metric import DetMetric
from mindocr.postprocess.db import DBPostprocess
from mindocr.registry import DATASETS


class BrightIsText:
    """In place of NetworkRunner; notes the shapes."""

    input_size, output_names, metadata = (-1, -1), ("prob",), {}

    def __init__(self, network, training_outputs=False):
        self.shapes = network.shapes

    def __call__(self, images):
        self.shapes += [np.shape(image) for image in images]
        return {"prob": [(image.mean(0, keepdims=True) > 0).astype(np.float32) for image in images]}


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    """Eighteen images of eighteen sizes, multiples of 32, each with a white rectangle that is its text."""
    folder = tmp_path_factory.mktemp("eval")
    lines = []
    for number in range(18):
        h, w = 96 + 32 * (number % 6), 96 + 32 * (number // 6)
        image = np.zeros((h, w, 3), np.uint8)
        box = [[20, 20], [90, 20], [90, 50], [20, 50]]
        image[20:50, 20:90] = 255
        cv2.imwrite(str(folder / f"{number:02}.png"), image)
        lines.append(f"{number:02}.png\t{json.dumps([{'transcription': 'a', 'points': box}])}\n")
    (folder / "gt.txt").write_text("".join(lines), encoding="utf-8")
    pipeline = [
        {"DecodeImage": {"img_mode": "RGB"}}, "DetLabelEncode", {"DetResize": {"limit_type": "none"}},
        {"NormalizeImage": {}}, "ToCHWImage",
    ]  # fmt: skip
    columns = ["image", "polys", "ignore_tags", "shape_list", "img_path"]
    section = {"type": "DetDataset", "data_dir": str(folder), "label_file": str(folder / "gt.txt"),
               "transform_pipeline": pipeline, "output_columns": columns}  # fmt: skip
    with Loader(DATASETS.build(section, key="type", is_train=False, seed=0), batch_size=2) as loader:
        yield loader


def evaluate(loader, monkeypatch, **options):
    monkeypatch.setattr(evaluator, "NetworkRunner", BrightIsText)
    inference = SimpleNamespace(outputs=("prob",))
    network = SimpleNamespace(inputs=("image",), inference_network=lambda: inference, shapes=[])
    made = Evaluator(network, loader, DBPostprocess(box_thresh=0.5, expand_ratio=0.0), DetMetric(), **options)
    return made.run(), made.run(), network.shapes


def test_scores_and_polygons_are_those_without_buckets(loader, monkeypatch, caplog):
    own, _, shapes = evaluate(loader, monkeypatch)
    with caplog.at_level(logging.INFO):
        found, again, few = evaluate(loader, monkeypatch, buckets="auto")
    assert len(set(shapes)) == 18 and len(set(few)) <= 6
    assert found.scores == again.scores == own.scores and own.scores["f-score"] == 1
    for (path, one), (other_path, other) in zip(own.predictions, found.predictions, strict=True):
        assert path == other_path
        np.testing.assert_array_equal(one.polys, other.polys)
    assert sum(message.startswith("18 images of 18 sizes: buckets ") for message in caplog.messages) == 1
    assert any("input shapes given to the network" in message for message in caplog.messages)


def test_given_buckets(loader, monkeypatch):
    _, _, shapes = evaluate(loader, monkeypatch, buckets=[(320, 320)])
    assert set(shapes) == {(3, 320, 320)} and len(shapes) == 18 + 18  # two runs
