"""A small recogniser is fine-tuned on lines with a new character; the file that it leaves is enough to read."""

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluator
from mindocr.engine.finetune import run as finetune
from mindocr.engine.finetune.between import SHARES, find_better
from mindocr.engine.finetune.settings import Limits
from mindocr.engine.train import trainer
from mindocr.inference.recogniser import TextRecogniser
from mindocr.models.weights import read_checkpoint
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_writer import LineSetPlan, write_lines
from mindocr.synthetic.texts import TextOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Twelve lines to train on and four to test with, of the letters a to c and the digit 7."""
    folder = tmp_path_factory.mktemp("lines")
    texts = TextOptions("random", characters="abc7", length=(2, 4))
    write_lines(LineSetPlan(folder, train=12, test=4, texts=texts, options=LineOptions(height=32), progress=False))
    return folder


def test_the_finished_checkpoint_holds_its_dictionary(lines, repo_root, tmp_path, monkeypatch):
    """And the weights that are kept, here those on the way to the trained ones, as any score is better than -1."""
    monkeypatch.setattr(finetune, "find_better", lambda config, best, _, output: find_better(config, best, -1, output))
    small = ["train.dataset.number=4", "train.loader={batch_size: 2, num_workers: 0}", "model.backbone.width=0.125"]
    small += ["eval.loader={batch_size: 2, num_workers: 0}", "scheduler.num_epochs=1", "train.max_steps=1"]
    small += ["postprocess={name: CTCDecode, characters: abc, use_space_char: False}", "model.head.out_channels=4"]
    small += ["train.dataset.characters=abc", "system.val_while_train=False", f"train.ckpt_save_dir={tmp_path / 'a'}"]
    first = trainer.run(load_config(repo_root / "configs/rec/crnn/crnn_small_synthetic.yaml", small))
    ckpt = next(first.folder.glob("epoch_*.ckpt"))
    data = finetune.Data([str(lines / "train")], [str(lines / "train_gt.txt")], val_share=0.25)
    short = ("train.max_steps=1", "train.loader={batch_size: 2, num_workers: 0}", "eval.loader={num_workers: 0}",
             "system.val_before_train=False", "scheduler.warmup_epochs=0")  # fmt: skip
    options = finetune.Options(limits=Limits(1), overrides=short, dictionary="extend")
    outcome = finetune.run(ckpt, data, tmp_path / "tuned", options)
    assert (outcome.training, outcome.validation) == (9, 3)

    tuned = tmp_path / "tuned/finetuned.ckpt"
    again = evaluator.run(load_config(tmp_path / "tuned/config.yaml")).scores
    assert again["counts"]["images"] == 3 and again["acc"] == outcome.kept["acc"]
    old, new, kept = (read_checkpoint(path) for path in (ckpt, tmp_path / "tuned/train/best.ckpt", tuned))
    share, name = outcome.between.share, "head.fc.bias"
    assert share in SHARES and not outcome.between.ckpt.exists()
    first, last, found = (each[name].asnumpy() for each in (old, new, kept))
    assert (len(first), len(last), len(found)) == (4, 5, 5)
    expected = (1 - share) * np.append(first, first[1:].mean()) + share * last
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert not np.allclose(found, last, atol=1e-7)
    recogniser = TextRecogniser(str(tuned))
    assert recogniser.runner.metadata["postprocess"]["characters"] == "abc7"
    (found,) = recogniser([np.full((32, 64, 3), 255, np.uint8)])
    assert set(found.prediction.text) <= set("abc7")
