"""CTPN with the commands of every detector: train, resume, eval, predict, fit, export, replay, on generated images."""

from __future__ import annotations

import csv
import json
import re

import pytest

from mindocr.config import load_config
from mindocr.scheduler import build_schedule
from mindocr.synthetic import SceneOptions, SetPlan, write_set

RECIPE = "configs/det/ctpn/ctpn_vgg16_icdar13.yaml"
SIZE = (96, 160)


@pytest.fixture
def options(tmp_path):
    """Overrides for the recipe: four small images, no pretrained weights."""
    scene = SceneOptions(image_size=SIZE, difficulty="easy")
    write_set(SetPlan(tmp_path / "data", train=4, test=2, options=scene, seed=1, progress=False))
    resize = "dataset.transform_pipeline.DetResize.target_size=[96, 160]"
    return [
        "model.backbone={name: det_vgg16, pretrained: null, stored_statistics: False, frozen_blocks: 1}",
        *(f"{part}.dataset.dataset_root={tmp_path / 'data'}" for part in ("train", "eval", "predict")),
        "train.dataset.data_dir=train", "train.dataset.label_file=train_gt.txt",
        "eval.dataset.data_dir=test", "eval.dataset.label_file=test_gt.txt", "predict.dataset.data_dir=test",
        *(f"{part}.{resize}" for part in ("train", "eval", "predict")),
        "train.loader={batch_size: 2, num_workers: 0}", "eval.loader.num_workers=0", "predict.loader.num_workers=0",
        f"train.ckpt_save_dir={tmp_path / 'run'}", f"eval.ckpt_load_path={tmp_path / 'run/best.ckpt'}",
        f"predict.ckpt_load_path={tmp_path / 'run/best.ckpt'}", "system.val_start_epoch=1", "system.val_interval=1",
        "scheduler={scheduler: constant, lr: 0.0005, num_epochs: 1, warmup_epochs: 0}", "optimizer.opt=Adam",
    ]  # fmt: skip


@pytest.mark.slow
def test_every_command_works(tool, options, tmp_path):
    trained = tool("tools/train.py", "-c", RECIPE, "-o", *options)
    assert trained.code == 0, trained.err
    longer = [word.replace("num_epochs: 1", "num_epochs: 2") for word in options]
    resumed = tool("tools/train.py", "-c", RECIPE, "-o", *longer, "train.resume=auto")
    assert resumed.code == 0 and "resum" in resumed.err, resumed.err
    with (tmp_path / "run/performance.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["epoch"] for row in table] == ["1", "2"] and {"text", "box", "f-score"} <= set(table[0])
    assert float(table[1]["loss"]) < float(table[0]["loss"])

    evaluated = tool("tools/eval.py", "-c", RECIPE, "--report", tmp_path / "report", "-o", *options)
    assert evaluated.code == 0, evaluated.err
    assert list((tmp_path / "report").glob("*.html"))
    scores = json.loads((tmp_path / "run/eval/scores.json").read_text(encoding="utf-8"))
    assert {"recall", "precision", "f-score"} <= set(scores)

    # a network of a few steps is sure of nothing, so strips need a low score to become lines
    low = ["postprocess.score_thresh=0.0", "postprocess.box_thresh=0.0", "postprocess.min_width=8"]
    predicted = tool("tools/infer/text/predict_det.py", "-c", RECIPE, "--draw_img_save_dir", tmp_path / "found",
                     "-o", *options, *low)  # fmt: skip
    assert predicted.code == 0, predicted.err
    results = json.loads((tmp_path / "found/det_results.json").read_text(encoding="utf-8"))
    assert len(results) == 2 and len(list((tmp_path / "found").glob("*_res.*"))) == 2

    fitted = tool("tools/fit_postprocess.py", "-c", RECIPE, "--ckpt", tmp_path / "run/best.ckpt", "--split",
                  "train-holdout", "--holdout", "0.5", "--workers", 1, "--grid", "score_thresh=0.3,0.6",
                  "box_thresh=0.3,0.6", "-o", *options)  # fmt: skip
    assert fitted.code == 0, fitted.err
    assert "score_thresh" in (tmp_path / "run/fit/fitted.yaml").read_text(encoding="utf-8")

    recipe = tmp_path / "exported.yaml"
    recipe.write_text((tmp_path / "run/config.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    exported = tool("tools/export.py", "--model_name_or_config", recipe, "--data_shape", *SIZE,
                    "--is_dynamic_shape", "--save_dir", tmp_path)  # fmt: skip
    assert exported.code == 0, exported.err
    infer = tool("deploy/py_infer/infer.py", "--input_images_dir", tmp_path / "data/test",
                 "--det_model_path", tmp_path / "exported.mindir", "--res_save_dir", tmp_path / "inferred")  # fmt: skip
    assert infer.code == 0, infer.err


@pytest.mark.slow
def test_a_failed_step_is_replayed(tool, options):
    broken = [word for word in options if not word.startswith(("scheduler=", "optimizer.opt"))]
    broken += ["scheduler={scheduler: constant, lr: 1e30, num_epochs: 2, warmup_epochs: 0}", "system.mode=1"]
    failed = tool("tools/train.py", "-c", RECIPE, "-o", *broken, "system.val_while_train=False")
    assert failed.code == 2 and "Traceback" not in failed.err
    (capsule,) = re.findall(r"'mindocr replay (\S+)' names", failed.err)
    replayed = tool("tools/replay.py", capsule)
    assert replayed.code == 0 and "verdict: not finite even in float32" in replayed.err


@pytest.mark.parametrize(
    ("recipe", "steps", "points"),
    [
        # warm-up from a third of the rate; then a cosine as long as the run, which the warm-up leaves unfinished
        ("ctpn_vgg16_pretraining_8p", 2116, {0: 0.003, 15000: 0.006, 30006: 0.009}),
        ("ctpn_vgg16_finetuning_8p", 294, {0: 0.005 / 3, 150: 0.005 * 2 / 3, 300: 0.005}),
        ("ctpn_vgg16_icdar13_paper", 229, {0: 0.001, 16029: 0.001, 16030: 0.0001, 19922: 0.0001}),
    ],
)
def test_learning_rates(repo_root, recipe, steps, points):
    config = load_config(repo_root / f"configs/det/ctpn/{recipe}.yaml")
    rates = build_schedule(config.scheduler, steps)
    assert {i: float(rates[i]) for i in points} == pytest.approx(points, rel=2e-3)
    assert rates[-1] > 0 and len(rates) == steps * config.scheduler.num_epochs
