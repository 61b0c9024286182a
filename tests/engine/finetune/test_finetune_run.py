"""A tiny detector of an earlier run is fine-tuned on generated images, from labels to the finished checkpoint."""

import json

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.finetune import run as finetune
from mindocr.engine.finetune.settings import Limits
from mindocr.engine.finetune.start import read_start
from mindocr.engine.train import trainer
from mindocr.errors import DataError, UserError
from mindocr.inference.checkpoint import open_file
from mindocr.models.weights import read_checkpoint

SHORT = ("train.max_steps=2", "train.loader.num_workers=0", "eval.loader.num_workers=0")


@pytest.mark.slow
def test_from_an_earlier_run_to_a_finished_checkpoint(tiny_config, tiny_data, tmp_path):
    first = trainer.run(tiny_config("scheduler.num_epochs=1", folder="first"))
    ckpt, folder = first.folder / "best.ckpt", tmp_path / "tuned"
    with pytest.raises(UserError, match=r"--task rec: .* is a detector"):
        read_start(ckpt, "rec")
    second = {"second_images": [str(tiny_data / "test")], "second_labels": [str(tiny_data / "test_gt.txt")]}
    data = finetune.Data([str(tiny_data / "train")], [str(tiny_data / "train_gt.txt")], val_share=0.25, **second)
    outcome = finetune.run(ckpt, data, folder, finetune.Options(limits=Limits(1), overrides=SHORT))

    assert (outcome.training, outcome.validation) == (9, 3)
    assert [row["epoch"] for row in outcome.rows] == [0, 1] and outcome.second == ("test_gt",)
    assert "test_gt.f-score" in outcome.rows[1] and set(outcome.granularity) == {"train_gt"}
    assert len(outcome.table()) == 7  # the head, four lines of validation, two of the second data set
    assert outcome.before.score_now.f_score <= outcome.before.score_fitted.f_score
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["post_processing"]["before"]["fitted_settings"] == outcome.before.fitted.arguments()
    repeat, final = (load_config(folder / name) for name in ("finetune.yaml", "config.yaml"))
    assert repeat.postprocess["box_thresh"] == outcome.before.fitted.box_thresh
    assert final.postprocess["box_thresh"] == outcome.after.fitted.box_thresh
    assert repeat.model.pretrained == str(ckpt) and repeat.train.norm_layers.frozen == ["all"]
    # The pipeline of the earlier run is kept, and so are the statistics of its BatchNorms
    assert (
        repeat.train.dataset["transform_pipeline"]
        == load_config(first.folder / "config.yaml").train.dataset["transform_pipeline"]
    )
    before, after = read_checkpoint(ckpt), read_checkpoint(folder / "train/epoch_0001.ckpt")
    statistics = [name for name in before if "moving_" in name]
    assert statistics and all(np.array_equal(before[n].asnumpy(), after[n].asnumpy()) for n in statistics)
    runner = open_file(folder / "finetuned.ckpt")
    assert runner.metadata["postprocess"]["box_thresh"] == outcome.after.fitted.box_thresh
    assert "data:image/png" in (folder / "report.html").read_text(encoding="utf-8")

    copied = finetune.Data(data.images, data.labels, data.images, data.labels)
    with pytest.raises(UserError, match="12 images to validate with are also among those to train on"):
        finetune.run(ckpt, copied, tmp_path / "other", finetune.Options(overrides=SHORT))
    with pytest.raises(UserError, match="--dictionary: a detector reads no characters"):
        finetune.run(ckpt, data, tmp_path / "other", finetune.Options(dictionary="extend"))
    missing = finetune.Data([str(tmp_path)], [str(tiny_data / "train_gt.txt")])
    with pytest.raises(DataError, match="does not exist"):
        finetune.run(ckpt, missing, tmp_path / "other", finetune.Options(overrides=SHORT))
