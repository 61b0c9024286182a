"""Real photographs: the tools run on ICDAR 2015, and a network overfits eight of the images."""

import csv
import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.train import trainer
from mindocr.formats.label_file import format_label_line, parse_label_line, read_lines

RECIPE = "configs/det/dbnet/db_r18_icdar15.yaml"
SIDE = 256
SMALLEST = 14  # pixels; half the words of these shrunken photographs are lower, and hard for a network of stride 4


@pytest.fixture(scope="module")
def converted(repo_root, shared_dir, tmp_path_factory):
    """Root with ``train`` and ``test``: pictures linked from ICDAR 2015, label files made by the converter."""
    root = tmp_path_factory.mktemp("icdar2015")
    for split in ("train", "test"):
        source = shared_dir / "data/icdar2015" / split
        (root / split).symlink_to(source / "images")
        words = ["--dataset_name", "ic15", "--task", "det", "--image_dir", source / "images"]
        words += ["--label_dir", source / "gts", "--output_path", root / f"{split}.txt"]
        convert = [sys.executable, "tools/dataset_converters/convert.py", *map(str, words)]
        subprocess.run(convert, cwd=repo_root, check=True)
    return root


def labels(path):
    return [parse_label_line(line, path, number) for number, line in read_lines(path)]


def paths(root, folder):
    keys = [f"{section}.dataset.dataset_root={root}" for section in ("train", "eval")]
    keys += [
        "train.dataset.data_dir=train",
        "train.dataset.label_file=train.txt",
        "eval.dataset.label_file=test.txt",
        "eval.dataset.data_dir=test",
    ]
    return [*keys, f"train.ckpt_save_dir={folder}", f"eval.ckpt_load_path={folder}/best.ckpt",
            "model.backbone.pretrained=False", "train.loader.num_workers=1"]  # fmt: skip


@pytest.mark.slow
def test_the_recipe_trains_on_photographs_with_nothing_but_overrides(tool, converted, tmp_path):
    short = ["train.max_steps=3", "train.loader.batch_size=2", "system.val_while_train=False"]
    short += ["train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[320,320]"]
    outcome = tool("tools/train.py", "-c", RECIPE, "-o", *paths(converted, tmp_path / "run"), *short)
    assert outcome.code == 0, outcome.err
    with (tmp_path / "run/performance.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["step"] == "3"
    assert 0 < float(row["loss"]) < 50


def readable_crops(root, count):
    """Windows of SIDE x SIDE pixels that cut no word and hold at least four readable ones, none of them tiny."""
    for name, items in labels(root / "train.txt"):
        image = cv2.imread(str(root / "train" / name))
        polys = [np.array(item["points"], np.float32) for item in items]
        low, high = np.array([p.min(0) for p in polys]), np.array([p.max(0) for p in polys])
        readable = np.array([item["transcription"] != "###" for item in items])
        tiny = readable & ((high - low).min(1) < SMALLEST)
        for y in range(0, image.shape[0] - SIDE + 1, 40):
            for x in range(0, image.shape[1] - SIDE + 1, 40):
                inside = ((low >= (x, y)) & (high <= (x + SIDE, y + SIDE))).all(1)
                touched = ((high > (x, y)) & (low < (x + SIDE, y + SIDE))).all(1)
                if (inside & readable).sum() >= 4 and (inside == touched).all() and not (inside & tiny).any():
                    kept = [
                        {"transcription": item["transcription"], "points": (poly - (x, y)).astype(int).tolist()}
                        for item, poly, whole in zip(items, polys, inside)
                        if whole
                    ]
                    yield image[y : y + SIDE, x : x + SIDE], kept
                    count -= 1
                    break
            else:
                continue
            break
        if count == 0:
            return


@pytest.mark.slow
def test_eight_crops_of_photographs_are_learnt_from_scratch(repo_root, converted, tmp_path):
    (tmp_path / "crops").mkdir()
    lines = []
    for i, (image, items) in enumerate(readable_crops(converted, 8)):
        assert cv2.imwrite(str(tmp_path / f"crops/{i}.png"), image)
        lines.append(format_label_line(f"{i}.png", items))
    (tmp_path / "gt.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    keys = {"dataset_root": tmp_path, "data_dir": "crops", "label_file": "gt.txt"}
    overrides = [f"{s}.dataset.{k}={v}" for s in ("train", "eval") for k, v in keys.items()]
    ops = "train.dataset.transform_pipeline"
    overrides += [f"{ops}.{name}=drop" for name in ("RandomRotate", "RandomScale", "RandomColorAdjust")]
    overrides += [f"{ops}.RandomCropWithBBox={{crop_size: [{SIDE}, {SIDE}], p: 0.0}}"]
    overrides += [f"eval.dataset.transform_pipeline.DetResize.target_size=[{SIDE}, {SIDE}]"]
    overrides += ["model.backbone.pretrained=False", "model.neck.out_channels=64", "train.loader.batch_size=2"]
    overrides += ["scheduler={scheduler: warmup_cosine_decay, lr: 0.001, num_epochs: 100, warmup_epochs: 5}"]
    overrides += ["optimizer={opt: Adam, weight_decay: 0.0}", "loss_scaler={type: static, loss_scale: 1.0}"]
    overrides += ["system.val_start_epoch=60", "system.val_interval=20", "postprocess.box_thresh=0.5"]
    overrides += ["train.loader.num_workers=1", "eval.loader.batch_size=4", f"train.ckpt_save_dir={tmp_path / 'run'}"]
    result = trainer.run(load_config(repo_root / RECIPE, overrides))
    curve = np.array(result.losses).reshape(-1, 20).mean(1)
    print("\nloss, mean of 20 steps:", " ".join(f"{value:.2f}" for value in curve))
    print("scores:", json.dumps(result.scores))
    assert result.best >= 0.9, result.scores


# The smallest and the largest; ResNet-18 learns above.
MODELS = ["db_mobilenetv3_icdar15", "dbpp_r50_icdar15_910"]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", MODELS)
def test_every_model_takes_a_step_at_640_and_evaluates_a_photograph(repo_root, converted, tmp_path, recipe):
    one = tmp_path / "data"
    (one / "test").mkdir(parents=True)
    found = labels(converted / "test.txt")
    first = next(line for line in found if any(item["transcription"] != "###" for item in line[1]))
    shutil.copy(converted / "test" / first[0], one / "test")
    (one / "test.txt").write_text(format_label_line(*first) + "\n", encoding="utf-8")
    overrides = [*paths(converted, tmp_path / "run"), f"eval.dataset.dataset_root={one}", "model.pretrained=null"]
    overrides += ["train.loader.batch_size=1", "train.max_steps=1", "train.dataset.sample_ratio=0.002"]
    config = f"configs/det/dbnet/{recipe}.yaml"
    run_apart(repo_root, "tools/train.py", config, overrides)
    with (tmp_path / "run/performance.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["step"] == "1"
    assert 0 < float(row["loss"]) < 50
    run_apart(repo_root, "tools/eval.py", config, overrides)
    again = json.loads((tmp_path / "run/eval/scores.json").read_text(encoding="utf-8"))
    assert again["counts"]["images"] == 1
    assert {name: float(row[name]) for name in ("recall", "precision", "f-score")} == {
        name: pytest.approx(again[name]) for name in ("recall", "precision", "f-score")
    }


def run_apart(repo_root, tool, config, overrides):
    """Run a tool in a separate process, so that the memory of a large network is freed."""
    command = [sys.executable, tool, "-c", config, "-o", *overrides]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
