"""``mindocr look`` as a user runs it: on generated images, and with wrong arguments."""

from __future__ import annotations

import cv2
import pytest

from mindocr.synthetic import SceneOptions, SetPlan, write_set

TOOL = "tools/look.py"
RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The recipe on four training images and one test image."""
    folder = tmp_path_factory.mktemp("set")
    options = SceneOptions(image_size=(96, 96), difficulty="easy")
    write_set(SetPlan(folder / "set", train=4, test=1, options=options, seed=1, progress=False))
    places = [f"{part}.dataset.dataset_root={folder / 'set'}" for part in ("train", "eval")]
    return ["-c", RECIPE, "-o", *places]


def test_training_samples(tool, words, tmp_path):
    outcome = tool(TOOL, *words, "--number", 3, "--output", tmp_path / "deep/look.png")
    assert (outcome.code, outcome.out) == (
        0,
        f"{tmp_path}/deep/look.png: 3 of 4 samples of train.dataset after its transforms, each with texts, "
        "binary_map with mask, thresh_map with thresh_mask\n",
    ), outcome.err
    first = cv2.imread(str(tmp_path / "deep/look.png"))
    assert first.shape[1] == 2 * (3 * 400 + 2 * 8) + 3 * 8  # two samples in a row
    for seed, same in ((42, True), (5, False)):  # 42 is that of the recipe
        assert tool(TOOL, *words, "--number", 3, "--seed", seed, "--output", tmp_path / "look.png").code == 0
        again = cv2.imread(str(tmp_path / "look.png"))
        assert (again.shape == first.shape and (again == first).all()) == same


def test_evaluation_samples_and_more_than_there_are(tool, words, tmp_path):
    outcome = tool(TOOL, *words, "--split", "eval", "--number", 2, "--output", tmp_path / "look.html")
    assert outcome.code == 0 and "2 of 1 samples of eval.dataset after its transforms, each with texts\n" in outcome.out
    assert (tmp_path / "look.html").read_text(encoding="utf-8").count("data:image/jpeg") == 2


@pytest.mark.parametrize(("more", "message"), [
    (["--number", "0"], "--number: expected 1 to 500 samples, got 0"),
    (["--seed", "-1"], "--seed: expected a whole number from 0, got -1"),
    (["--output", "look.gif"], "--output look.gif: expected a file ending in .png"),
    (["-o", "train.dataset.dataset_root=nowhere"], "nowhere/train: no such folder"),
    (["--split", "eval", "-o", "eval=null", "system.val_while_train=False"], "it has no section eval; use --split"),
])  # fmt: skip
def test_mistakes(tool, words, more, message):
    outcome = tool(TOOL, *words, *more)
    assert outcome.code == 2 and message in outcome.err and "Traceback" not in outcome.err
    assert outcome.err.count("error:") == 1


def test_the_documents_list_the_options(tool, repo_root):
    page = (repo_root / "docs/look.md").read_text(encoding="utf-8")
    usage = tool(TOOL, "--help").out
    assert all(f"`{option}`" in page and option in usage for option in ("--number", "--output", "--split", "--seed"))
