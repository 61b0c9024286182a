"""Evaluation in mirrored views: the loader only decodes, and the log states gain and cost."""

import json
import logging
from contextlib import closing

import numpy as np
import pytest

from mindocr.engine.evaluate import evaluator
from mindocr.engine.evaluate.viewed import ViewedEvaluation
from mindocr.engine.runtime import build
from mindocr.engine.train.checkpoints import save
from mindocr.errors import ConfigError
from mindocr.inference.view_options import ViewOptions
from mindocr.metrics.det_metric import DetMetric
from mindocr.postprocess.db import DBPostprocess


class MirroredKnowsBetter:
    """Finds the same text everywhere: a block at the top left; so only mirrored views see the one at the top right."""

    input_size, output_names, metadata = (-1, -1), ("prob",), {}

    def __call__(self, images):
        maps = []
        for image in images:
            prob = np.zeros((1, *image.shape[1:]), np.float32)
            prob[:, 10:30, 10:60] = 1
            maps.append(prob)
        return {"prob": maps}


def test_gain_and_cost_of_views(tiny_config, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    caplog.set_level(logging.INFO)
    config = tiny_config()
    viewed = ViewedEvaluation(
        MirroredKnowsBetter(), DBPostprocess(expand_ratio=0.0), config, ViewOptions(flip=True, merge="max"), DetMetric()
    )
    with build.eval_loader(viewed.config) as loader:
        batch = next(iter(loader.epoch()))
    image = batch["image"][0]
    assert image.dtype == np.uint8 and image.shape[2] == 3 and "shape_list" not in batch
    outputs, found, more = viewed.look(batch, "image")
    assert len(found[0]) == 2 and outputs["prob"][0].ndim == 3 and more["shape_list"][0].shape == (4,)
    assert np.mean([poly.mean(axis=0)[0] for poly in found[0].polys]) == pytest.approx(image.shape[1] / 2, abs=1)
    viewed.log_gain({"f-score": 0.5})
    assert "flip, merged by their max: 2.0 times the pixels of one view" in caplog.text
    assert "f-score: 0.0000 with one view" in caplog.text and "0.5000 with these: +0.5000" in caplog.text


def test_views_have_no_buckets(tiny_config):
    config, views = tiny_config(), ViewOptions(flip=True)
    network = build.network(config, training=False)
    with pytest.raises(ConfigError, match="buckets: not with tiles, scales or mirrored views"):
        evaluator.build_evaluator(config, network, views=views, buckets="64x64")
    with closing(evaluator.build_evaluator(config, network, views=views, buckets="auto")) as built:
        assert built._buckets is None  # nothing is compiled that no view uses


@pytest.mark.slow
def test_an_evaluation_of_a_network_in_mirrored_views(tiny_config, tmp_path, capsys):
    config = tiny_config("postprocess.box_thresh=0.0")
    save(build.network(config, training=False).weights(), tmp_path / "one.ckpt")
    config = tiny_config("postprocess.box_thresh=0.0", f"eval.ckpt_load_path={tmp_path / 'one.ckpt'}")
    viewed = evaluator.run(config, views=ViewOptions(flip=True))
    assert len(viewed.predictions) == 5
    told = capsys.readouterr().err
    assert "flip, merged by their mean: 2.0 times the pixels" in told and "with one view" in told
    about = json.loads((tmp_path / "run/eval/scores.json").read_text(encoding="utf-8"))["evaluated"]
    assert about["views"] == "flip, merged by their mean"
