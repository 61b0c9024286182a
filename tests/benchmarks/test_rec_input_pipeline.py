"""The benchmark of the input pipeline of recognition: our side, and the translation to MindOCR's ops."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from lmdb_files import write_lmdb

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import rec_lines  # noqa: E402

RECIPE = "configs/rec/ppocr/ppocrv3_rec_mobile.yaml"


def run(*options, code=0):
    command = [sys.executable, "benchmarks/input_pipeline.py", "--task", "rec", "--config", RECIPE, *options]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("source", ["files", "lmdb"])
def test_lines_from_both_sources(tmp_path, source):
    if source == "lmdb":
        pytest.importorskip("lmdb")
        write_lmdb(tmp_path / "set", ["open", "exit", "no 5"], size=(24, 90))
        options = ["--lmdb", str(tmp_path / "set")]
    else:
        for i in range(3):
            cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((24, 90, 3), 40 * i, np.uint8))
        (tmp_path / "gt.txt").write_text("0.png\topen\n1.png\texit\n2.png\tno 5\n", encoding="utf-8")
        options = ["--data_root", str(tmp_path), "--label_file", "gt.txt", "--data_dir", "."]
    (line,) = run(*options, "--n", "5", "--json").stdout.splitlines()
    result = json.loads(line)
    assert result["images"] == 5 and result["normalize"] == "host" and result["images_per_s"] > 0
    assert {"DecodeImage", "RecLabelEncode", "RecConAug", "RecAug", "ResizeTextLine"} < set(result["ms_per_op"])


def test_mistakes():
    assert "give --label_file and --data_dir, or with --task rec --lmdb" in run(code=2).stderr
    assert "--sources compares sources of photographs" in run("--lmdb", "x", "--sources", code=2).stderr


def test_the_same_ops_in_the_words_of_mindocr():
    ops = ["DecodeImage", "CropTextLine", {"RecLabelEncode": {"max_text_len": 9}}, "RecConAug",
           {"RecAug": {"tia_prob": 0.3, "noise_std": 2.0}}, {"ResizeTextLine": {"height": 32, "max_width": 100}},
           "NormalizeImage", "ToCHWImage", "PadTextLine"]  # fmt: skip
    theirs, columns = rec_lines.their_pipeline(ops, "keys.txt")
    assert theirs == [
        {"DecodeImage": {"img_mode": "BGR", "to_float32": False}},
        {"RecCTCLabelEncode": {"max_text_len": 9, "character_dict_path": "keys.txt"}},
        {"RecAug": {"tia_prob": 0.3}},
        {"RecResizeImgForSVTR": {"image_shape": [3, 32, 100], "padding": True}},
    ] and columns == ["image", "text_seq"]  # fmt: skip
    section = {"type": "WordsOfDetDataset", "transform_pipeline": ops, "data_dir": "d", "label_file": "f"}
    ours = rec_lines.our_dataset(section, "", "", joined=False)
    names = [name for name, _ in rec_lines.named(ours["transform_pipeline"])]
    assert ours["type"] == "RecDataset" and "RecConAug" not in names and names.count("RecAug") == 1
    assert dict(rec_lines.named(ours["transform_pipeline"]))["RecLabelEncode"]["characters"] == rec_lines.ALPHABET
    assert rec_lines.our_dataset(section, "", "lmdb", joined=True)["data_dir"] == "lmdb"
