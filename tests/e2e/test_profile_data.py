"""tools/train.py --profile-data, as a user runs it."""

from __future__ import annotations

import pytest

from mindocr.synthetic import SceneOptions, SetPlan, write_set

RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"


@pytest.fixture
def overrides(tmp_path):
    options = SceneOptions(image_size=(96, 96), difficulty="easy")
    write_set(SetPlan(tmp_path / "data", train=4, test=1, options=options, seed=1, progress=False))
    return [f"train.dataset.dataset_root={tmp_path / 'data'}", f"train.ckpt_save_dir={tmp_path / 'run'}"]


def test_the_table_names_the_ops_and_nothing_is_written(tool, overrides, tmp_path):
    done = tool("tools/train.py", "-c", RECIPE, "--profile-data", 5, "-o", *overrides)
    assert done.code == 0, done.err
    header, *rows = done.out.split("\n- ")[0].splitlines()
    assert header.split() == ["op", "ms/image", "share"]
    names = {row.split("  ")[0] for row in rows}
    assert {"DecodeImage", "ShrinkBinaryMap", "BorderMap", "one image"} <= names
    assert "NormalizeImage" not in names, "the device does that"
    assert "images/s on one core" in done.out
    assert "no earlier run in train.ckpt_save_dir" in done.out
    assert not (tmp_path / "run").exists()


def test_an_earlier_run_tells_what_training_takes(tool, overrides, tmp_path):
    (tmp_path / "run").mkdir()
    table = "epoch,images_per_s,wait_share\n1,100000,0.5\n"
    (tmp_path / "run/performance.csv").write_text(table, encoding="utf-8")
    done = tool("tools/train.py", "-c", RECIPE, "--profile-data", 5, "-o", *overrides)
    assert "the last run waited 50% of the time for data; without waiting it needs about 200000 images/s" in done.out
    assert "reduce the work per image, or use a machine with more cores" in done.out


@pytest.mark.parametrize("count", ["0", "-3", "many", "1.5"])
def test_a_number_of_images_that_is_none_is_named(tool, overrides, count):
    done = tool("tools/train.py", "-c", RECIPE, f"--profile-data={count}", "-o", *overrides)
    assert done.code == 2
    assert f"expected a whole number from 1, got '{count}'" in done.err
