"""A run that fails, and the replay command of its message, as a user types them."""

import re
import shlex

import pytest

from mindocr.synthetic import SceneOptions, SetPlan, write_set


@pytest.mark.slow
def test_a_failed_run_names_a_capsule_and_its_replay_the_cause(tool, tmp_path):
    options = SceneOptions(image_size=(96, 96), difficulty="easy")
    write_set(SetPlan(tmp_path / "data", train=4, test=2, options=options, seed=1, progress=False))
    failed = tool(
        "tools/train.py", "-c", "configs/det/dbnet/db_r18_synthetic.yaml", "-o",
        f"train.dataset.dataset_root={tmp_path / 'data'}", f"train.ckpt_save_dir={tmp_path / 'run'}",
        "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[96, 96]", "train.loader.num_workers=0",
        "system.val_while_train=False", "system.mode=1", "optimizer={opt: SGD}",
        "scheduler={scheduler: constant, lr: 1e30, num_epochs: 2}",
    )  # fmt: skip
    assert failed.code == 2 and "Traceback" not in failed.err
    (capsule,) = re.findall(r"'mindocr replay (\S+)' names layer, loss term and image", failed.err)
    replayed = tool("tools/replay.py", *shlex.split(capsule))
    assert replayed.code == 0
    assert "verdict: not finite even in float32: backbone." in replayed.err
    assert "The weights have grown to " in replayed.err
    assert list((tmp_path / "run/capsules").glob("step_*/culprit.png"))


def test_a_folder_that_is_no_capsule_is_told(tool, tmp_path):
    told = tool("tools/replay.py", tmp_path)
    assert told.code == 2
    assert f"error: {tmp_path}: no capsule; expected a folder with capsule.json" in told.err
