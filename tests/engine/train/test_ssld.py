"""SSLD: a student learns from a frozen teacher on images without labels, then further on labelled ones."""

from __future__ import annotations

import json

import cv2
import mindspore as ms
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.train import trainer
from mindocr.models import build_model

pytestmark = pytest.mark.slow
SIDE = 32
BACKBONE = {"name": "pplcnet", "scale": 0.25}


def section(hidden=0):
    return {"backbone": BACKBONE, "head": {"name": "ClsHead", "num_classes": 4, "hidden_channels": hidden}}


@pytest.fixture
def images(tmp_path):
    """Twelve images in two folders, one file of them broken, and a list with classes."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(12):
        place = tmp_path / f"images/{'ab'[i % 2]}/{i}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image = cv2.resize(rng.integers(0, 255, (4, 4, 3), np.uint8), (40, 50))
        cv2.imwrite(str(place), image)
        rows.append(f"images/{'ab'[i % 2]}/{i}.png\t{i % 4}\n")
    (tmp_path / "images/a/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "classes.txt").write_text("".join(rows), encoding="utf-8")
    return tmp_path


def recipe(repo_root, images, name, *overrides):
    small = [
        *(f"{part}.dataset.transform_pipeline.CenterCrop.size=[{SIDE}, {SIDE}]" for part in ("eval", "predict")),
        f"train.dataset.transform_pipeline.RandomResizedCrop.size=[{SIDE}, {SIDE}]",
        f"eval.dataset={{dataset_root: {images}, data_dir: ., label_file: classes.txt}}",
        "postprocess.label_list=4",
        "train.loader={batch_size: 4, num_workers: 0}",
        "eval.loader={batch_size: 4, num_workers: 0}",
        "system.val_start_epoch=8",
        "scheduler={num_epochs: 8, warmup_epochs: 0, decay_epochs: 8, lr: 0.01}",
    ]
    return load_config(repo_root / f"configs/cls/ssld/{name}.yaml", [*small, *overrides])


def test_both_stages(repo_root, images):
    ms.set_seed(3)
    teacher = build_model({"type": "cls", **section()})
    ms.save_checkpoint(teacher, str(images / "teacher.ckpt"))
    student, taught = section(hidden=8), section()
    student["outputs"] = taught["outputs"] = ["logits"]
    taught |= {"pretrained": str(images / "teacher.ckpt"), "frozen": True}
    networks = f"model.networks={json.dumps({'Student': student, 'Teacher': taught})}"
    first = recipe(
        repo_root, images, "ssld_pplcnet", networks,
        f"train.dataset={{dataset_root: {images}, data_dir: images}}", f"train.ckpt_save_dir={images}/one",
    )  # fmt: skip
    result = trainer.run(first)
    assert result.losses[-1] < result.losses[0]
    (skipped,) = result.skipped
    assert "broken.png" in skipped
    stored = ms.load_checkpoint(str(images / "one/best.ckpt"))
    assert "head.hidden.0.weight" in stored and not [name for name in stored if name.startswith("Teacher.")]
    assert "acc" in result.scores

    second = recipe(
        repo_root, images, "ssld_pplcnet_finetune", "model.backbone.scale=0.25",
        "model.head={num_classes: 4, hidden_channels: 8}", f"model.pretrained={images / 'one/best.ckpt'}",
        f"train.dataset={{dataset_root: {images}, data_dir: ., label_file: classes.txt}}",
        "train.dataset.transform_pipeline.ClsLabelEncode.label_list=4", f"train.ckpt_save_dir={images}/two",
        "train.max_steps=2",
    )  # fmt: skip
    assert np.isfinite(trainer.run(second).losses).all()
    changed = {
        name: np.abs(stored[name].asnumpy() - value.asnumpy()).max()
        for name, value in ms.load_checkpoint(str(images / "two/epoch_0001.ckpt")).items()
        if name.endswith("weight") and name in stored
    }
    assert min(changed.values()) > 0
