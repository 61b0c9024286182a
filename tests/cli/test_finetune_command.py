"""Mistakes in the arguments of ``mindocr finetune``: one sentence each, before anything is trained."""

import json

import pytest

from mindocr.cli.main import run_command
from mindocr.cli.named_weights import find_named
from mindocr.errors import UserError
from mindocr.reading import weights


@pytest.fixture
def words(tmp_path):
    """Arguments that are right, apart from the model."""
    (tmp_path / "images").mkdir()
    text = {"transcription": "a", "points": [[0, 0], [9, 0], [9, 9]]}
    (tmp_path / "labels.txt").write_text(f"a.jpg\t{json.dumps([text])}\n", encoding="utf-8")
    return ["--images", str(tmp_path / "images"), "--labels", str(tmp_path / "labels.txt"),
            "--output", str(tmp_path / "out"), "--offline"]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "ppocr-v9"], r"'ppocr-v9' is neither a file nor the name of released weights.*known: ppocr-v6"),
        (["--model", "PP-OCRv3"], "ppocr-v3 has a detector and a recogniser; choose one with --task det or --task rec"),
        (["--model", "ppocr-v3", "--minutes", "-1"], "--minutes: expected a number above 0, got -1"),
        (["--model", "ppocr-v3", "--second_labels", "x.txt"], "--second_images and --second_labels"),
        (["--model", "ppocr-v3", "--val_images", "x"], "--val_images and --val_labels belong together"),
    ],
)
def test_mistakes(words, more, message):
    with pytest.raises(UserError, match=message):
        run_command("finetune", [*words, *more])


def test_a_file_that_is_no_checkpoint(words, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UserError, match=r"photo\.jpg"):
        run_command("finetune", [*words, "--model", str(tmp_path / "photo.jpg")])


@pytest.mark.parametrize("name", ["PP-OCRv3", "ppocr-v3", "ppocrv3"])
def test_names_are_taken_in_any_spelling(name, monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "find_weights", lambda *found: found)
    assert find_named(name, "rec", "mindspore") == (("ppocr-v3", "rec", "mindspore"), "rec")
    assert find_named("PP-OCRv6", "det")[0] == ("ppocr-v6-small", "det", "auto")
    assert find_named("ppocr-v3", "det")[1] == "det"
