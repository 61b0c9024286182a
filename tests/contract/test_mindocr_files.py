"""MindOCR's flat files, written from the list of their settings: the tools accept them unchanged."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from published_recipes import Facts, flatten, read_facts, write_flat

from mindocr.config import load_config

IDLE = re.compile(r"(\S+): accepted from MindOCR, does nothing here: (.*)")


@pytest.fixture(scope="module")
def facts(shared_dir: Path) -> dict[str, Facts]:
    return read_facts((shared_dir / "specs/recipes.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def flat_files(facts: dict[str, Facts], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("flat")
    return [write_flat(settings, folder / f"{name}.yaml") for name, settings in facts.items()]


def idle_keys(settings: Facts) -> set[str]:
    """Keys of a recipe that have no effect here."""
    idle = r"_column_index$|\.use_minddata$|^(eval|predict)\.(dataset_sink_mode|loader\.(shuffle|drop_remainder))$"
    return {key for key in settings if re.search(idle, key)}


def test_check_config_passes_all_and_names_idle_keys_once(
    facts: dict[str, Facts], flat_files: list[Path], repo_root: Path
) -> None:
    command = [sys.executable, "tools/check_config.py", *map(str, flat_files)]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{path}: OK" for path in flat_files]
    assert len(flat_files) >= 19
    warnings = done.stderr.splitlines()
    assert len(warnings) == len(flat_files)
    for path, warning in zip(flat_files, warnings):
        match = IDLE.fullmatch(warning)
        assert match and match[1] == str(path), warning
        named = re.findall(r"[\w.]+\.[\w.]+", match[2])
        assert len(named) == len(set(named))
        assert set(named) == idle_keys(facts[path.stem])


def test_every_other_setting_is_kept(facts: dict[str, Facts], flat_files: list[Path]) -> None:
    for path in flat_files:
        ours, published = flatten(load_config(path).model_dump()), facts[path.stem]
        changed = {key: (value, ours.get(key)) for key, value in published.items() if ours.get(key) != value}
        assert set(changed) == idle_keys(published), path.name


# Sections of prediction as they occur in MindOCR's repository; none of them may keep a file from training.
PREDICTIONS: tuple[Facts, ...] = (
    {"output_columns": ["img_path", "image", "raw_img_shape"], "net_input_column_index": [1]},
    {"output_columns": ["image", "image_path", "shape_list", "image_ori"], "label_column_index": [9]},
    {"output_columns": ["image", "img_path"], "num_columns_to_net": 1, "label_file": "det_gt.txt", "shuffle": False},
    {"output_columns": None, "meta_data_column_index": [1, 2], "use_minddata": True},
    {"transform_pipeline": ["DecodeImage", "GridResize", "ScalePadImage", "NormalizeImage", "ToCHWImage"]},
)


def test_no_section_of_prediction_keeps_a_file_from_training(
    facts: dict[str, Facts], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reference = {key: value for key, value in facts["db_r50_icdar15"].items() if key.startswith("predict.")}
    for number, (name, settings) in enumerate(facts.items()):
        variant = PREDICTIONS[number % len(PREDICTIONS)]
        changed = {f"predict.dataset.{key}": value for key, value in variant.items()}
        path = write_flat({**settings, **reference, **changed}, tmp_path / f"{name}.yaml")
        caplog.clear()
        config = load_config(path, command="train")
        assert config.train.dataset["output_columns"] == settings["train.dataset.output_columns"], name
        unused = [message for message in caplog.messages if "sections that 'train' does not use" in message]
        assert len(unused) == ("transform_pipeline" in variant), name
        assert ("raw_img_shape" in caplog.text) == ("raw_img_shape" in (variant.get("output_columns") or [])), name
        if "transform_pipeline" not in variant:
            predict = load_config(path, command="predict").predict
            assert predict is not None and predict.output_save_dir == "./output"


@pytest.mark.parametrize("words", [["model.resume=True"], ["model.resume=last.ckpt", "system.distribute=False"]])
def test_overrides_reach_flat_files(flat_files: list[Path], words: list[str]) -> None:
    config = load_config(flat_files[0], words)
    assert config.train.resume == ("auto" if words[0].endswith("True") else "last.ckpt")


@pytest.fixture(scope="module")
def photographs(shared_dir: Path, repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photographs of ICDAR 2015, laid out as MindOCR's files expect them below dataset_root."""
    raw, root = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("ocr_datasets")
    images, label_file = root / "ic15/det/train/ch4_training_images", root / "ic15/det/train/det_gt.txt"
    images.mkdir(parents=True)
    for number in (1, 2, 10, 24):
        shutil.copy(shared_dir / f"data/icdar2015/train/images/img_{number}.jpg", images)
        shutil.copy(shared_dir / f"data/icdar2015/train/gts/gt_img_{number}.txt", raw)
    words = ["--dataset_name", "ic15", "--task", "det", "--image_dir", images, "--label_dir", raw]
    command = [sys.executable, "tools/dataset_converters/convert.py", *map(str, words), "--output_path", label_file]
    subprocess.run(command, cwd=repo_root, check=True)
    return root


# What a user changes: where the data lie, and how much of the machine to take. Weights would need the network.
SMALL = ["train.max_steps=1", "train.loader.batch_size=2", "train.loader.num_workers=1",
         "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[320,320]", "system.val_while_train=False",
         "system.distribute=False", "model.pretrained=null", "model.backbone.pretrained=False"]  # fmt: skip
SAME_LAYOUT = ["train.dataset.data_dir=ic15/det/train/ch4_training_images",
               "train.dataset.label_file=ic15/det/train/det_gt.txt"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "paths"),
    [("db_mobilenetv3_icdar15", []), ("db_mobilenetv3_ppocrv3", SAME_LAYOUT)],
    ids=["icdar15", "ppocrv3"],
)
def test_a_flat_file_trains_a_step(
    facts: dict[str, Facts], photographs: Path, repo_root: Path, tmp_path: Path, name: str, paths: list[str]
) -> None:
    flat = write_flat(facts[name], tmp_path / f"{name}.yaml")
    places = [f"train.dataset.dataset_root={photographs}", f"train.ckpt_save_dir={tmp_path / 'out'}"]
    command = [sys.executable, "tools/train.py", "-c", str(flat), "-o", *places, *paths, *SMALL]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("does nothing here") == 1
    with (tmp_path / "out/performance.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["step"] == "1"
    assert 0 < float(row["loss"]) < 50
    assert float(row["l1"]) > 0, "no text in any crop"
    assert (tmp_path / "out/epoch_0001.ckpt").is_file()
