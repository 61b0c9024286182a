"""From a checkpoint to a smaller one, its recipe, and a first step of training with it."""

import json

import cv2
import mindspore as ms
import numpy as np
import pytest

from mindocr.cli.main import run_command
from mindocr.config import load_config
from mindocr.engine.train.checkpoints import save
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.inference.checkpoint import open_file
from mindocr.models import build_model
from mindocr.models.ckpt_entries import RUN_ENTRY
from mindocr.models.weights import read_checkpoint

SIDE = 96


@pytest.fixture
def recipe(repo_root, tmp_path):
    """Three images that are one text each, which any network finds whose map is nowhere 0."""
    rng = np.random.default_rng(0)
    points = [[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]]
    for split in ("train", "test"):
        (tmp_path / "data" / split).mkdir(parents=True)
        for i in range(3):
            image = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "data" / split / f"{i}.jpg"), image)
        line = json.dumps([{"transcription": "a", "points": points}])
        (tmp_path / f"data/{split}_gt.txt").write_text(
            "".join(f"{i}.jpg\t{line}\n" for i in range(3)), encoding="utf-8"
        )
    return [
        "-c", str(repo_root / "configs/det/ppocr/ppocr_det_synthetic.yaml"), "-o",
        f"train.dataset.dataset_root={tmp_path / 'data'}", f"eval.dataset.dataset_root={tmp_path / 'data'}",
        "model.backbone.alpha=0.35", "model.neck.out_channels=16", "postprocess.binary_thresh=0.001",
        "postprocess.box_thresh=0.001", f"eval.dataset.transform_pipeline.DetResize.target_size=[{SIDE}, {SIDE}]",
        f"train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[{SIDE}, {SIDE}]",
        "train.loader.num_workers=0", "eval.loader.num_workers=0", "train.loader.batch_size=2", "train.max_steps=1",
        "system.val_while_train=False", f"train.ckpt_save_dir={tmp_path / 'run'}",
    ]  # fmt: skip


@pytest.fixture
def ckpt(recipe, tmp_path):
    """A checkpoint as training writes it, with its configuration, and one with weights alone."""
    config = load_config(recipe[1], recipe[3:])
    network = build_model(config.model.model_dump(), pretrained=False)
    save(network.get_parameters(), tmp_path / "new.ckpt")
    for parameter in network.get_parameters():
        if parameter.name.endswith(".moving_mean"):
            parameter.set_data(ms.Tensor(np.full(parameter.shape, 0.01, np.float32)))
    save(network.get_parameters(), tmp_path / "bare.ckpt")
    save(network.get_parameters(), tmp_path / "best.ckpt", {RUN_ENTRY: {"config": config.model_dump()}})
    return tmp_path / "best.ckpt"


@pytest.mark.slow
def test_from_a_checkpoint_to_the_next_training(recipe, ckpt, tmp_path, capsys):
    run_command("prune", ["--ckpt", str(ckpt), "--ratio", "0.5", "--output", str(tmp_path / "half")])
    printed = capsys.readouterr().out
    assert "multiply-adds at 3x640x640 (million): " in printed and "it must be trained again" in printed
    assert "backbone.stages.0.0.expand_conv    8 -> 4" in printed
    small = read_checkpoint(tmp_path / "half/pruned.ckpt")
    assert small["backbone.stages.1.0.linear_conv.conv.weight"].shape[1] == 12  # of 24
    runner = open_file(tmp_path / "half/pruned.ckpt")  # the file alone is enough
    (prob,) = runner([np.zeros((3, 64, 64), np.float32)])["prob"]
    assert prob.shape[-2:] == (64, 64) and runner.metadata["postprocess"]["box_thresh"] == 0.001

    config = load_config(tmp_path / "half/pruned.yaml")
    assert config.model.backbone["expanded"][:2] == [4, 12] and config.train.ckpt_save_dir.endswith("half/train")
    run_command("train", ["-c", str(tmp_path / "half/pruned.yaml")])
    trained = read_checkpoint(next((tmp_path / "half/train").glob("*.ckpt")))
    assert {name: trained[name].shape for name in small if not name.startswith("mindocr.")} == {
        name: value.shape for name, value in small.items() if not name.startswith("mindocr.")
    }


@pytest.mark.slow
def test_shares_by_the_loss(recipe, ckpt, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mindocr.engine.prune.sensitivity.RATIOS", (0.5,))
    bare = ["--ckpt", str(tmp_path / "bare.ckpt"), "--output", str(tmp_path / "out"), *recipe]
    before = {name: value.asnumpy() for name, value in read_checkpoint(tmp_path / "bare.ckpt").items()}
    run_command("prune", [*bare[:4], "--max_loss", "0.02", "--number", "2", *bare[4:]])
    assert "f-score: 1.0000 -> 1.0000, not yet trained again" in capsys.readouterr().out
    table = json.loads((tmp_path / "out/sensitivity.json").read_text(encoding="utf-8"))
    assert table["images"] == 2 and table["unpruned"] == 1.0 and len(table["layers"]) == 17
    assert table["layers"]["neck.out.0"] == {"channels": 4, "chosen": 0.5, "scores": {"0.5": 1.0}}
    small = read_checkpoint(tmp_path / "out/pruned.ckpt")
    # Every array of the whole network is restored after each evaluation, so what stays is unchanged
    linear = "backbone.stages.1.0.linear_conv.conv.weight"
    assert set(small[linear].asnumpy().ravel()) <= set(before[linear].ravel())
    assert small[linear].shape[1] == 12 and np.count_nonzero(small[linear].asnumpy()) == small[linear].size


def test_mistakes(recipe, ckpt, tmp_path):
    def prune(*words):
        run_command("prune", ["--output", str(tmp_path / "out"), *words])

    bare, best = str(tmp_path / "bare.ckpt"), str(ckpt)
    with pytest.raises(UserError, match="--ratio: expected a share of the channels above 0 and below 1.*got 1.5"):
        prune("--ckpt", best, "--ratio", "1.5")
    with pytest.raises(UserError, match="--max_loss: expected a loss of the score in"):
        prune("--ckpt", best, "--max_loss", "2")
    with pytest.raises(CheckpointError, match=r"bare\.ckpt: no configuration .* give the recipe .* with -c"):
        prune("--ckpt", bare, "--ratio", "0.3")
    with pytest.raises(UserError, match="--ckpt: 'ppocr-v99' is neither a file nor the name of released weights"):
        prune("--ckpt", "ppocr-v99", "--ratio", "0.3")
    with pytest.raises(UserError, match="-o changes a recipe that is given with -c"):
        prune("--ckpt", best, "--ratio", "0.3", "-o", "train.max_steps=1")
    with pytest.raises(CheckpointError, match="nothing to prune"):
        prune("--ckpt", str(tmp_path / "new.ckpt"), "--ratio", "0.3", *recipe)
    with pytest.raises(UserError, match="nothing to prune: no layer can lose a channel with --ratio 0.003"):
        prune("--ckpt", best, "--ratio", "0.003")
    with pytest.raises(ConfigError, match="-c: model.backbone is det_resnet18, and the checkpoint has det_mobilenet"):
        prune("--ckpt", best, "--ratio", "0.3", "-c", "db_r18_synthetic")
    assert not list((tmp_path / "out").glob("pruned.*"))
