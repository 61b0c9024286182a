"""``mindocr check-data`` for recipes of recognition."""

import json

import cv2
import numpy as np
import pytest
from lmdb_files import write_lmdb

from mindocr.cli.main import main

WORDS = ["open", "exit", "zoo", "ÄB", "a" * 30, "noon"]


@pytest.fixture
def recipe(tmp_path, repo_root):
    """Six lines for training, one of them broken, and an LMDB environment for evaluation."""
    pytest.importorskip("lmdb")
    for i in range(len(WORDS)):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((24, 30 * (i + 1), 3), 200, np.uint8))
    (tmp_path / "2.png").write_bytes(b"\x89PNG broken")
    lines = "".join(f"{i}.png\t{word}\n" for i, word in enumerate(WORDS))
    (tmp_path / "gt.txt").write_text(lines, encoding="utf-8")
    write_lmdb(tmp_path / "test", ["open", "été"])
    path = tmp_path / "recipe.yaml"
    path.write_text(
        f"base: {repo_root}/configs/rec/ppocr/ppocrv3_rec_mobile.yaml\n"
        f"train: {{dataset: {{type: RecDataset, dataset_root: {tmp_path}, data_dir: ., label_file: gt.txt,"
        " on_error: skip}}\n"
        f"eval: {{dataset: {{type: LMDBDataset, dataset_root: {tmp_path}, data_dir: test}}}}\n"
        "postprocess: {characters: abcdefghijklmnopqrstuvwxyz}\nmodel: {head: {out_channels: 28}}\n",
        encoding="utf-8",
    )
    return path


def run(capsys, *arguments, code=0):
    with pytest.raises(SystemExit) as ended:
        main(["check-data", *map(str, arguments)])
    assert (ended.value.code or 0) == code
    return capsys.readouterr()


def test_texts_and_images_of_both_parts(recipe, tmp_path, capsys):
    out = run(capsys, "-c", recipe, "--json", tmp_path / "found.json").out
    assert "train: 6 text lines" in out and "test: 2 text lines" in out
    assert "1 longer than max_text_len 25" in out
    assert "cannot be encoded: 1 with characters that the dictionary lacks (first: " in out and "'B' 1, 'Ä' 1" in out
    assert "characters that the dictionary lacks (never read), in 1 text: 'é' 2" in out
    assert "time steps that CTC needs: up to 5, the network computes 40; texts that do not fit: 0" in out
    assert "images looked at: 6, not readable: 1" in out and "2.png" in out
    assert "width / height, 5 / 25 / 50 / 75 / 95 %:" in out and "WidthBucketSampler, height: 48" in out
    assert out.strip().endswith("no problem that stops training")  # on_error of the recipe is skip
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert found["parts"]["train"]["texts"]["too_long"] == 1 and found["errors"] == []


def test_what_stops_training_is_an_error(recipe, capsys):
    out = run(capsys, "-c", recipe, "-o", "train.dataset.on_error=raise", code=1).out
    assert "error: 1 image cannot be read, and on_error of the data set is raise" in out
    assert "error: 2 texts cannot be encoded, and on_error of the data set is raise" in out
    out = run(capsys, "-c", recipe, "-o", "postprocess.characters=XY", "model.head.out_channels=4", code=1).out
    assert "error: no text can be encoded" in out


def test_characters_that_are_dropped(recipe, capsys):
    out = run(capsys, "-c", recipe, "-o", "train.dataset.transform_pipeline.RecLabelEncode.unknown=drop").out
    assert "characters that the dictionary lacks (left out of the texts), in 1 text: 'B' 1, 'Ä' 1" in out


def test_texts_that_need_too_many_steps(recipe, capsys):
    out = run(capsys, "-c", recipe, "-o", "train.dataset.transform_pipeline.PadTextLine.min_width=32").out
    assert "time steps that CTC needs: up to 5, the network computes 4; texts that do not fit: 1" in out  # noon


def test_without_a_dictionary(recipe, capsys):
    out = run(capsys, "-c", recipe, "-o", "postprocess.characters=null").out
    assert "characters are not checked: no dictionary is known; set postprocess.character_dict_path" in out


def test_options_of_detection(recipe, tmp_path, capsys):
    assert (
        "--report: only for label files of detection"
        in run(capsys, "-c", recipe, "--report", tmp_path / "page", code=2).err
    )
