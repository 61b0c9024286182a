"""The recipes that train PP-OCR's recognisers: sizes of the networks in training, schedules, rates of their parts."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.errors import ConfigError
from mindocr.losses.builder import build_loss
from mindocr.losses.pairing import PairedLoss
from mindocr.models import build_model
from mindocr.optim.groups import group_parameters, rates
from mindocr.scheduler import build_schedule

FOLDER = "configs/rec/ppocr"
# Recipe -> trainable weights of the backbone, of the guide in millions (both published or computed for PaddleOCR's
# networks, those of SAR for this one), first and last learning rate after the warm-up
RECIPES = {
    "ppocrv2_rec_mobile_train": (1_016_160, 0, 1e-3, 1e-4),
    "ppocrv3_rec_mobile_train": (1_016_160, 24.87, 1e-3, 0),
    "ppocrv4_rec_mobile_train": (4_891_620, 14.74, 1e-3, 0),
    "ppocrv6_rec_small_train": (2_693_160, 23.99, 5e-4, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_networks_losses_and_rates_fit(name, repo_root):
    backbone, guide, high, low = RECIPES[name]
    config = load_config(repo_root / FOLDER / f"{name}.yaml", command="train")
    network = build_model(config.model.model_dump(), pretrained=False, training=True)
    weights = network.trainable_params()
    assert sum(p.size for p in network.backbone.trainable_params()) == backbone
    assert round(sum(p.size for p in weights if p.name.startswith("head.guide.")) / 1e6, 2) == guide
    PairedLoss(build_loss(**config.loss), network.outputs, network.channels)
    schedule = build_schedule(config.scheduler, 4)
    assert schedule[0] == 0 and schedule[20] == pytest.approx(high) and schedule[-1] == pytest.approx(low, abs=1e-7)
    slow = rates(weights, config.optimizer.parts)
    affine = [p for p in weights if p.name.endswith((".affine.scale", ".affine.bias", ".act.1.scale", ".act.1.bias"))]
    assert {id(p) for p in slow.get(0.1, [])} == {id(p) for p in affine}
    assert (len(affine) > 0) == (name == "ppocrv4_rec_mobile_train")
    groups = group_parameters(
        weights, config.optimizer.weight_decay, config.optimizer.filter_bias_and_bn, (), config.optimizer.parts
    )
    decays = {p.name: group["weight_decay"] for group in groups[:-1] for p in group["params"]}
    assert decays["head.fc.weight"] == (2e-5 if name == "ppocrv2_rec_mobile_train" else 1e-5)
    assert decays["head.fc.bias"] == 0
    assert all(decays[p.name] == 0 for p in weights if p.name.endswith((".gamma", ".beta")))


def test_the_rate_of_ppocrv2_falls_after_700_epochs(repo_root):
    config = load_config(repo_root / FOLDER / "ppocrv2_rec_mobile_ectc.yaml", command="train")
    schedule = build_schedule(config.scheduler, 1)
    np.testing.assert_allclose(schedule[[1, 5, 699, 700, 799]], [2e-4, 1e-3, 1e-3, 1e-4, 1e-4], rtol=1e-5)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loss={name: CTCLoss}", "loss: CTCLoss does not read guide_logits, so nothing would train what computes it"),
        ("model.head.guide=null", "loss: WeightedSum reads guide_logits; in training the network outputs logits"),
        ("model.head.guide={name: NRTR}", r"model.head.guide.name: unknown guide 'NRTR'"),
        ("train.dataset.output_columns=[image]", "train.dataset.output_columns: lacks text_seq, text_length, which"),
    ],
)
def test_parts_that_do_not_fit_are_named(override, message, repo_root):
    with pytest.raises(ConfigError, match=message):
        load_config(repo_root / FOLDER / "ppocrv4_rec_mobile_train.yaml", [override], command="train")
