"""The table, the remarks and the files of a finished fine-tuning."""

import json
from pathlib import Path

from mindocr.engine.finetune.between import Between
from mindocr.engine.finetune.outcome import Outcome
from mindocr.engine.train.next_commands import Started
from mindocr.metrics.granularity import Granularity

ROWS = [
    {"epoch": 0, "acc": 0.5, "exact": 0.4, "space_recall": 0.1, "old.acc": 0.9},
    {"epoch": 1, "acc": 0.7, "exact": 0.6, "space_recall": 0.8, "old.acc": 0.85},
    {"epoch": 2, "acc": 0.6, "exact": 0.5, "space_recall": 0.7, "old.acc": 0.8},
]


def outcome(folder, best_epoch=1, between=None):
    counts = {"labels": Granularity(hit=1, joined=3)}
    return Outcome(folder, "rec", "rec.ckpt", 85, 15, ROWS, best_epoch, "acc", None, None, counts, ("old",), False,
                   Started(), between)  # fmt: skip


def test_before_and_after_stand_side_by_side():
    assert outcome(Path("out")).table() == [
        ("weights, post-processing, images", "acc", "exact", "space_recall"),
        ("untouched, 15 validation images", "0.5000", "0.4000", "0.1000"),
        ("fine-tuned (epoch 1), 15 validation images", "0.7000", "0.6000", "0.8000"),
        ("untouched, old", "0.9000", "", ""),
        ("fine-tuned (epoch 1), old", "0.8500", "", ""),
    ]


def test_what_is_forgotten_and_what_the_labels_mean():
    notes = "\n".join(outcome(Path("out")).notes())
    assert "old: acc 0.9000 before, 0.8500 after; 0.0500 forgotten." in notes
    assert "75% of the texts share a box" in notes and "No epoch was better" not in notes
    assert "No epoch was better than the weights that it started from (acc" in outcome(Path("out"), 0).notes()[0]


def test_weights_on_the_way_stand_in_place_of_the_trained_ones(tmp_path):
    between = Between(0.6, {"acc": 0.8, "exact": 0.65, "space_recall": 0.75, "old.acc": 0.88}, Path("between.ckpt"))
    found = outcome(tmp_path, between=between)
    table = found.table()
    assert table[2] == (
        "fine-tuned (epoch 1, 60 % of the way), 15 validation images", "0.8000", "0.6500", "0.7500")  # fmt: skip
    assert table[4][:2] == ("fine-tuned (epoch 1, 60 % of the way), old", "0.8800")
    notes = "\n".join(found.notes())
    assert "old: acc 0.9000 before, 0.8800 after; 0.0200 forgotten." in notes
    assert "60 % of the way from the untouched ones to those of epoch 1: acc 0.8000 on the validation images" in notes
    assert "against 0.7000 at the end of the way" in notes
    assert found.as_json()["between"]["share"] == 0.6 and outcome(tmp_path).as_json()["between"] is None


def test_commands_name_the_files():
    evaluate, read, train = outcome(Path("my out")).next_commands()
    assert evaluate.startswith("mindocr eval -c 'my out/config.yaml' -o 'eval.ckpt_load_path=my out/finetuned.ckpt'")
    assert read == "mindocr read PHOTOS --recogniser 'my out/finetuned.ckpt'"
    assert train == "mindocr train -c 'my out/finetune.yaml'"


def test_files(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train/curves.png").write_bytes(b"\x89PNG")
    outcome(tmp_path).write()
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["best_epoch"] == 1 and summary["epochs"][2]["acc"] == 0.6
    assert summary["granularity"]["labels"] == {
        "hit": 1, "joined": 3, "split": 0, "loose": 0, "missed": 0, "boxes": 0, "joining_boxes": 0, "texts": 4,
        "verdict": "finer",
    }  # fmt: skip
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<td>0.7000</td>" in page and "data:image/png;base64,iVBORw==" in page and "http" not in page
