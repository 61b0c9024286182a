"""The recipe of PP-OCRv6's detector trains from the released weights, with auxiliary heads that start anew."""

from __future__ import annotations

import numpy as np
import pytest
from released import released

from mindocr.config import load_config
from mindocr.engine.export.weights_converter import convert_file
from mindocr.engine.train import trainer
from mindocr.models.weights import read_checkpoint

pytestmark = pytest.mark.slow


def test_the_loss_falls_from_the_released_weights(repo_root, tiny_data, tmp_path):
    weights = convert_file("onnx", released("PP-OCRv6_det_small.onnx"), tmp_path / "v6.ckpt").path
    config = load_config(
        repo_root / "configs/det/ppocr/ppocrv6_det_small.yaml",
        [
            f"model.pretrained={weights}",
            f"train.ckpt_save_dir={tmp_path / 'run'}",
            f"train.dataset.dataset_root={tiny_data}",
            "train.dataset.data_dir=train",
            "train.dataset.label_file=train_gt.txt",
            "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[96, 96]",
            "train.loader.batch_size=4",
            "train.loader.num_workers=0",
            "train.max_steps=6",
            "scheduler.num_epochs=2",
            "scheduler.warmup_epochs=0",
            "scheduler.decay_epochs=2",
            "system.val_while_train=False",
            "system.mode=1",
        ],
    )
    result = trainer.run(config)
    assert np.isfinite(result.losses).all() and len(result.losses) == 6
    assert np.mean(result.losses[-2:]) < 0.95 * result.losses[0]
    table = (result.folder / "performance.csv").read_text(encoding="utf-8")
    assert "p4,p3,p2" in table.splitlines()[0]
    before, after = read_checkpoint(weights), read_checkpoint(result.folder / "epoch_0002.ckpt")
    for name in ("head.auxiliary_segm.0.6.weight", "head.auxiliary_thresh.2.6.weight", "head.segm.6.weight"):
        assert np.abs(before[name].asnumpy() - after[name].asnumpy()).max() > 0, name
