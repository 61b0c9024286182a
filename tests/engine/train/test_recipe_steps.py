"""The networks of PP-OCR's detectors and with deformable convolutions take a step of training as their recipes do."""

from __future__ import annotations

import mindspore as ms
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.train.step import LossScale, TrainStep
from mindocr.losses.builder import build_loss
from mindocr.losses.pairing import PairedLoss
from mindocr.models import build_model
from mindocr.optim import build_optimizer
from mindocr.scheduler import build_schedule

RECIPES = (
    "ppocr/ppocr_det_mobile",
    "ppocr/ppocr_det_server",
    "ppocr/ppocrv3_det_teacher",
    "ppocr/ppocrv2_det_cml",
    "dbnet/dbpp_r50_dcn_icdar15",
)
SIZE = 64


def batch():
    """Two crops with a text in each, and the label maps in the order of DBLoss."""
    image = np.random.default_rng(0).standard_normal((2, 3, SIZE, SIZE)).astype(np.float32)
    text = np.zeros((2, 1, SIZE, SIZE), np.float32)
    text[:, :, 20:40, 8:56] = 1
    labels = (text, np.ones((2, SIZE, SIZE), np.float32), 0.3 + 0.4 * text[:, 0], text[:, 0])
    return [ms.Tensor(values) for values in (image, *labels)]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step(recipe, repo_root):
    config = load_config(repo_root / f"configs/det/{recipe}.yaml")
    network = build_model(config.model.model_dump(), pretrained=False, training=True).set_train()
    loss = PairedLoss(build_loss(**config.loss), network.outputs)
    optimizer = build_optimizer(network, config.optimizer, build_schedule(config.scheduler, 1)[5:])
    before = {parameter.name: parameter.asnumpy().copy() for parameter in network.trainable_params()}
    total, _, finite, norm = TrainStep(network, loss, optimizer, LossScale("static", 1.0, 2.0, 1))(*batch())
    assert bool(finite.asnumpy()) and float(norm.asnumpy()) > 0 and 0 < float(total.asnumpy()) < 100
    still = [p.name for p in network.trainable_params() if np.array_equal(before[p.name], p.asnumpy())]
    assert still == []
