"""``mindocr read`` and ``mindocr read-lines`` with MindOCR's flags, as ``predict_system.py`` and ``predict_rec.py``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from columns_are_letters import ColumnsAreLetters
from stand_ins import put_in

from mindocr.cli import main
from mindocr.errors import DataError, UserError
from mindocr.inference import classifier as classifier_module
from mindocr.inference import recogniser as recogniser_module
from mindocr.reading import reader as module
from mindocr.reading import weights


@pytest.fixture
def photos(tmp_path, monkeypatch):
    image = np.zeros((100, 120, 3), np.uint8)
    for top, value in ((10, 250), (40, 120), (70, 200)):
        image[top : top + 16, 10:100] = value
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "photos" / name), image)
    monkeypatch.chdir(tmp_path)
    put_in(module, monkeypatch.setattr)
    return tmp_path / "photos"


def words_of(script, repo_root):
    """The arguments that a script puts before its own."""
    text = (repo_root / "tools/infer/text" / script).read_text(encoding="utf-8")
    command, words = re.search(r'run_alias\("([a-z-]+)"(?:, (\[.*\]))?\)', text).groups()
    return command, json.loads(words or "[]")


def test_predict_system_writes_what_mindocr_writes(photos, repo_root, capsys):
    command, words = words_of("predict_system.py", repo_root)
    assert main.run_command(command, [*words, "--image_dir", "photos", "--rec_batch_num", "4"]) == 0
    first, second = Path("inference_results/system_results.txt").read_text(encoding="utf-8").splitlines()
    assert first.startswith('a.png\t[{"transcription": "250", "points": [[10, 10], [100, 10], [100, 26], [10, 26]]}')
    assert second.startswith("b.png\t")
    assert capsys.readouterr().out.startswith("# photos/a.png\n250\n200\n")


def test_flags_of_predict_system(photos, monkeypatch, capsys):
    seen = {}

    class Reader(module.TextReader):
        def __init__(self, *words, detection=None, **more):
            seen.update(more, detection=detection)
            super().__init__(*words, **more)

    monkeypatch.setattr(module, "TextReader", Reader)
    flags = [
        "--image_dir", "photos/a.png", "--det_algorithm", "DB", "--det_model_dir", "det.ckpt",
        "--rec_model_dir", "r.ckpt",
        "--det_limit_side_len", "1280", "--det_db_box_thresh", "0.7", "--use_dilation", "True", "--drop_score", "0.2",
        "--draw_img_save_dir", "out", "--save_crop_res", "True", "--crop_res_save_dir", "crops",
        "--rec_algorithm", "CRNN",
    ]  # fmt: skip
    assert main.run_command("read", flags) == 0
    assert (seen["detector"], seen["recogniser"], seen["drop_score"]) == ("DB", "r.ckpt", 0.2)
    assert seen["detection"] == {
        "ckpt": "det.ckpt", "limit_side_len": 1280, "limit_type": "max",
        "postprocess": {"box_thresh": 0.7, "dilation": True},
    }  # fmt: skip
    assert "from --weights or checkpoints; ignored: --rec_algorithm" in capsys.readouterr().err
    assert sorted(path.name for path in Path("crops").iterdir()) == [f"a_crop_{i}.jpg" for i in range(3)]
    assert cv2.imread("crops/a_crop_0.jpg").shape == (16, 90, 3)


def test_crops_and_no_images(photos):
    with pytest.raises(UserError, match="--save_crop_res: it needs --output"):
        main.run_command("read", ["photos", "--save_crop_res"])
    with pytest.raises(UserError, match="no images are given: name images, folders or globs"):
        main.run_command("read", [])


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """Images of the lines ``ab`` and ``c``, and one that cannot be read."""
    folder = tmp_path / "lines"
    folder.mkdir()
    for name, colours in (("ab", [(0, 0, 255), (0, 255, 0)]), ("c", [(255, 0, 0)])):
        image = np.zeros((48, 60 * len(colours), 3), np.uint8)
        for number, colour in enumerate(colours):
            image[:, 60 * number + 5 : 60 * number + 50] = colour
        cv2.imwrite(str(folder / f"{name}.png"), image)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recogniser_module, "open_runner", lambda model, config=None: ColumnsAreLetters())
    monkeypatch.setattr(weights, "find_weights", lambda name, task: f"{name}/{task}")
    return folder


def test_predict_rec_reads_images_of_lines(lines, repo_root, capsys):
    command, words = words_of("predict_rec.py", repo_root)
    assert (
        main.run_command(command, [*words, "--image_dir", "lines", "--rec_char_dict_path", "x", "--rec_batch_num", "2"])
        == 0
    )
    results = [line.split("\t") for line in Path("inference_results/rec_results.txt").read_text().splitlines()]
    assert results == [["lines/ab.png", "ab", "0.9920"], ["lines/c.png", "c", "0.9920"]]
    assert Path("inference_results/ab_rec_res.png").exists()
    assert "ignored: --rec_char_dict_path" in capsys.readouterr().err
    (lines / "broken.png").write_bytes(b"no image")
    assert main.run_command(command, ["--image_dir", "lines", "--visualize_output", "False"]) == 1
    with pytest.raises(DataError, match="broken.png"):
        main.run_command(command, ["--image_dir", "lines/broken.png"])


class BrightOnTheRight:
    """A runner of ``probs`` (2,): a line is upside down if its right half is the brighter one."""

    output_names = ("probs",)
    input_size = (-1, -1)
    metadata = {
        "postprocess": {"name": "ClsPostprocess", "label_list": ["0", "180"]},
        "pipeline": [
            {"DecodeImage": {"img_mode": "RGB"}},
            {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
            {"ToCHWImage": None},
        ],
    }

    def __call__(self, images):
        turned = [image[:, :, image.shape[2] // 2 :].mean() > image.mean() for image in images]
        return {"probs": [np.array([1 - each, each], np.float32) for each in turned]}


def test_predict_cls_finds_lines_upside_down(lines, repo_root, monkeypatch, capsys):
    monkeypatch.setattr(classifier_module, "open_runner", lambda model, config=None: BrightOnTheRight())
    cv2.imwrite(str(lines / "ab.png"), np.repeat(np.linspace(0, 255, 90).astype(np.uint8)[None], 40, axis=0))
    command, words = words_of("predict_cls.py", repo_root)
    flags = ["--image_dir", "lines", "--cls_batch_num", "1", "--cls_algorithm", "MV3", "--draw_img_save_dir", "out"]
    assert main.run_command(command, [*words, *flags]) == 0
    results = [line.split("\t")[:2] for line in Path("out/cls_results.txt").read_text().splitlines()]
    assert results == [["lines/ab.png", "180"], ["lines/c.png", "0"]]
    assert "ignored: --cls_algorithm" in capsys.readouterr().err
