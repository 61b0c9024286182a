"""Fitting the post-processing: splits, refusals, maps kept, the overlay, the table."""

import json
import runpy
import shutil
import sys

import mindspore as ms
import numpy as np
import pytest

from mindocr.config.load import save_config
from mindocr.config.read import resolve
from mindocr.config.yaml_io import dump_yaml
from mindocr.engine.evaluate import evaluator
from mindocr.engine.fit import run as fitting
from mindocr.engine.fit.run import Options
from mindocr.engine.fit.splits import Split, fitting_dataset
from mindocr.engine.runtime import build
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.formats.label_file import read_lines

HELD_OUT = Split("train-holdout", holdout=0.5, seed=3)
GRID = ("binary_thresh=0.3,0.5", "box_thresh=0.3:0.5:0.2", "expand_ratio=1.5", "min_size=3")
OPTIONS = Options(HELD_OUT, GRID, workers=1)


@pytest.fixture
def config(tiny_config):
    return tiny_config("postprocess.box_thresh=0.4", "system.seed=1")


@pytest.fixture
def ckpt(config, tmp_path):
    """Weights of the tiny network before training: its maps have no zeros."""
    path = tmp_path / "first.ckpt"
    ms.set_seed(1)
    ms.save_checkpoint(build.network(config, training=True), str(path))
    return str(path)


@pytest.mark.slow
def test_fixed_fitted_and_oracle_stand_side_by_side(config, ckpt, tmp_path, repo_root):
    outcome = fitting.run(config, ckpt, OPTIONS)
    assert [row.kind for row in outcome.rows] == ["fixed", "fitted", "oracle"]
    fixed, fitted, oracle = outcome.rows
    assert fixed.setting.box_thresh == 0.4
    assert fitted.validation.f_score >= fixed.validation.f_score and oracle.validation is None
    assert oracle.test.f_score >= max(fixed.test.f_score, fitted.test.f_score)
    assert fixed.validation.counts["images"] == 6 and fixed.test.counts["images"] == 5
    evaluation = evaluator.run(
        config.model_copy(update={"eval": config.eval.model_copy(update={"ckpt_load_path": ckpt})})
    )
    assert fixed.test.counts["gt_care"] == evaluation.scores["counts"]["gt_care"]
    folder = tmp_path / "run/fit"
    written = json.loads((folder / "fit.json").read_text())
    assert written["fitted_on"] == "6 images held out from the training images (0.5 of them, seed 3)"
    assert [row["label"].split(":")[0] for row in written["rows"]] == [
        "fixed",
        "fitted on the validation images",
        "oracle",
    ]
    assert "upper bound, not a result" in (folder / "fit.md").read_text()
    assert "upper bound, not a result" in (folder / "fit.html").read_text()
    leaf = tmp_path / "leaf.yaml"
    recipe = repo_root / "configs/det/dbnet/db_r18_synthetic.yaml"
    leaf.write_text(dump_yaml({"base": [str(recipe), str(folder / "fitted.yaml")]}), encoding="utf-8")
    wanted = outcome.fitted.arguments()
    assert resolve(leaf)["postprocess"] == {**resolve(recipe)["postprocess"], **wanted}
    words = [word.strip("'") for word in outcome.overrides().split(" postprocess.")]
    overridden = resolve(recipe, [words[0], *(f"postprocess.{word}" for word in words[1:])])["postprocess"]
    assert {key: overridden.get(key) for key in wanted} == wanted


@pytest.mark.slow
def test_maps_are_computed_once(config, ckpt, monkeypatch):
    first = fitting.run(config, ckpt, OPTIONS)

    def refuse(*args, **options):
        raise AssertionError("the network was made again")

    monkeypatch.setattr(fitting.build, "network", refuse)
    again = fitting.run(config, ckpt, OPTIONS)
    assert again.as_json() == first.as_json()
    with pytest.raises(AssertionError, match="made again"):
        fitting.run(config, ckpt, Options(Split("train-holdout", holdout=0.5, seed=4), GRID, workers=1))
    other = config.model_copy(update={"model": config.model.model_copy(update={"neck": {"name": "DBFPN"}})})
    with pytest.raises(AssertionError, match="made again"):
        fitting.run(other, ckpt, OPTIONS)


def test_the_held_out_images_and_the_rest_are_the_training_images(config, tiny_data, tmp_path):
    def lines(path):
        return {line for _, line in read_lines(path)}

    everything = lines(tiny_data / config.train.dataset["label_file"])
    spec = fitting_dataset(config, HELD_OUT, tmp_path)
    held, rest = lines(tmp_path / "holdout_0.txt"), lines(tmp_path / "training_0.txt")
    assert spec["label_file"] == [str(tmp_path / "holdout_0.txt")]
    assert len(held) == 6 and held | rest == everything and not held & rest
    fitting_dataset(config, HELD_OUT, tmp_path)
    assert lines(tmp_path / "holdout_0.txt") == held, "the seed decides"
    fitting_dataset(config, Split("train-holdout", holdout=0.5, seed=4), tmp_path)
    assert lines(tmp_path / "holdout_0.txt") != held


def test_the_images_that_are_reported_are_refused(config, ckpt, tiny_data, tmp_path):
    def fit(split):
        return fitting.run(config, ckpt, Options(split, GRID, folder=tmp_path / "fit"))

    with pytest.raises(UserError, match="--split test: a score on the images that the thresholds were fitted on"):
        fit(Split("test"))
    with pytest.raises(UserError, match="--split val: name its images with --val_data_dir and --val_label_file"):
        fit(Split("val", label_file="x.txt"))
    test = config.eval.dataset
    with pytest.raises(UserError, match="is both the one to fit on and that of eval.dataset"):
        fit(Split("val", test["data_dir"], test["label_file"]))
    shutil.copytree(tiny_data / test["data_dir"], tmp_path / "others")
    shutil.copy(tiny_data / test["label_file"], tmp_path / "others.txt")
    with pytest.raises(UserError, match="5 of 5 images to fit on are also test images, such as .*others"):
        fit(Split("val", str(tmp_path / "others"), str(tmp_path / "others.txt")))
    with pytest.raises(UserError, match="--holdout: expected a share of the training images between 0 and 1, got 1.5"):
        fit(Split("train-holdout", holdout=1.5))
    assert not (tmp_path / "fit/maps").exists(), "no map is computed before"


def test_what_cannot_be_fitted_is_named(tiny_config, ckpt):
    with pytest.raises(ConfigError, match="metric: fitting needs this section"):
        fitting.run(tiny_config().model_copy(update={"metric": None}), ckpt, OPTIONS)
    with pytest.raises(
        ConfigError, match=r"--grid: expected KEY=VALUES .* got 'box_tresh=1' \(did you mean 'box_thresh'"
    ):
        fitting.run(tiny_config(), ckpt, Options(HELD_OUT, ["box_tresh=1"]))
    with pytest.raises(CheckpointError, match="--ckpt: 'nothing.ckpt': no such file"):
        fitting.run(tiny_config(), "nothing.ckpt", OPTIONS)


@pytest.mark.slow
def test_the_tool(config, ckpt, tmp_path, repo_root, monkeypatch, capfd):
    save_config(config, tmp_path / "recipe.yaml")
    words = ["-c", tmp_path / "recipe.yaml", "--ckpt", ckpt, "--split", "train-holdout", "--holdout", "0.5",
             "--grid", *GRID, "--constant_ratio", "--output", tmp_path / "mine.yaml"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["tools/fit_postprocess.py", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(repo_root / "tools/fit_postprocess.py"), run_name="__main__")
    shown = capfd.readouterr().out
    assert end.value.code == 0
    assert "| fixed: as configured" in shown and f"overlay: {tmp_path / 'mine.yaml'}" in shown
    assert (tmp_path / "mine.yaml").read_text().startswith("# Settings fitted on 6 images held out")
    assert (tmp_path / "run/fit/fit.html").is_file()


class Rows:
    """A runner for detectors that connect strips: a cell of 16 pixels is text if it is bright."""

    def __init__(self, network):
        assert network is None

    def __call__(self, images):
        cells = np.asarray(images).mean(axis=1).reshape(len(images), 10, 16, 10, 16).mean(axis=(2, 4))
        scores = np.zeros((len(images), 14, 10, 10), np.float32)
        scores[:, 4] = 1 / (1 + np.exp(-cells))
        return {"text_scores": scores, "box_deltas": np.zeros((len(images), 28, 10, 10), np.float32)}


def test_any_detector_that_names_its_values(config, tmp_path, monkeypatch):
    (tmp_path / "some.ckpt").write_bytes(b"")
    section = {"name": "CTPNPostProcess", "box_thresh": 0.5}
    strips = config.model_copy(update={"postprocess": section})
    monkeypatch.setattr(fitting.build, "network", lambda *args, **options: None)
    monkeypatch.setattr(fitting, "NetworkRunner", Rows)
    monkeypatch.setattr(fitting.process, "start", lambda system: None)
    grid = ["score_thresh=0.3,0.5", "box_thresh=0.4,0.6", "max_gap=16,48"]
    outcome = fitting.run(strips, str(tmp_path / "some.ckpt"), Options(HELD_OUT, grid, workers=1))
    fixed, fitted, oracle = outcome.rows
    assert fixed.setting.arguments() == {"score_thresh": 0.7, "box_thresh": 0.5, "max_gap": 60}
    assert outcome.tried == 3 * 3 * 3
    assert fitted.validation.f_score >= fixed.validation.f_score and oracle.test.f_score >= fixed.test.f_score
    assert oracle.validation is None and fixed.test.counts["images"] == 5
    overlay = (tmp_path / "run/fit/fitted.yaml").read_text()
    assert "postprocess:" in overlay and "max_gap" in overlay
    plain = config.model_copy(update={"postprocess": {"name": "CTCDecode", "characters": "abc"}})
    with pytest.raises(ConfigError, match="postprocess.name: .* has no settings that can be fitted"):
        fitting.run(plain, str(tmp_path / "some.ckpt"), OPTIONS)
