"""A data set, a network and a configuration small enough to train in a test."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tiny_network import Tiny

from mindocr.config import Config
from mindocr.config.check import check
from mindocr.config.compat import upgrade
from mindocr.config.read import resolve
from mindocr.registry import BACKBONES
from mindocr.synthetic import SceneOptions, SetPlan, write_set

SIDE = 160


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """Twelve training and five test images of 160 x 160, in the layout of tools/make_synthetic.py."""
    folder = tmp_path_factory.mktemp("data") / "synthetic"
    options = SceneOptions(image_size=(SIDE, SIDE), difficulty="easy")
    write_set(SetPlan(folder, train=12, test=5, options=options, seed=1, progress=False))
    return folder


@pytest.fixture
def tiny_config(repo_root, tiny_data, tmp_path, monkeypatch):
    """Builds a configuration: the demo recipe on ``tiny_data`` with the tiny network, and the given overrides."""
    BACKBONES.names()
    # Only during a test: other tests check what is registered.
    monkeypatch.setitem(BACKBONES._classes, "tiny_for_tests", Tiny)

    def build(*overrides: str, folder: str = "run") -> Config:
        base: Sequence[str] = (
            f"train.dataset.dataset_root={tiny_data}",
            f"eval.dataset.dataset_root={tiny_data}",
            f"train.ckpt_save_dir={tmp_path / folder}",
            f"eval.ckpt_load_path={tmp_path / folder / 'best.ckpt'}",
            "model.backbone={name: tiny_for_tests}",
            "model.neck.out_channels=16",
            f"train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[{SIDE}, {SIDE}]",
            f"eval.dataset.transform_pipeline.DetResize.target_size=[{SIDE}, {SIDE}]",
            "train.loader.num_workers=0",
            "eval.loader.num_workers=0",
            "scheduler.num_epochs=2",
            "scheduler.warmup_epochs=0",
        )
        source = repo_root / "configs/det/dbnet/db_r18_synthetic.yaml"
        upgraded = upgrade(resolve(source, [*base, *overrides]))
        return check(upgraded.values, str(source), upgraded.problems)

    return build
