"""Enhanced CTC and a guide from the command line's functions: training, resuming, centers, evaluation, export."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mindspore import nn

from mindocr.config import load_config
from mindocr.engine.evaluate import class_centers, evaluator
from mindocr.engine.export import exporter
from mindocr.engine.train import trainer
from mindocr.errors import ConfigError, UserError
from mindocr.formats.class_centers import read_centers
from mindocr.inference.runner import open_runner
from mindocr.registry import BACKBONES, NECKS

pytestmark = pytest.mark.slow
WORDS = ("207", "3119", "64", "58", "930", "77", "4125", "806")
NRTR = "{name: NRTRDecoder, dim: 24, layers: 1, heads: 2, ff_dim: 32}"
GUIDED = (
    f"model.head.guide={NRTR}",
    "loss={name: WeightedSum, terms: [{loss: {name: CTCLoss, focal_gamma: 2.0}}, {loss: {name: ACELoss}, weight: 0.1}, "
    "{loss: {name: GuideLoss}}]}",
)


class TinyLine(nn.Cell):
    """Three convolutions whose six rows become channels, (N, 3, 48, W) -> (N, 48, 1, W / 4)."""

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, 48, [1]
        self.layers = nn.SequentialCell(
            nn.Conv2d(3, 8, 3, stride=2, has_bias=True), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, has_bias=True), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=(2, 1), has_bias=True), nn.BatchNorm2d(8), nn.ReLU(),
        )  # fmt: skip

    def construct(self, x):
        x = self.layers(x)
        n, c, h, w = x.shape
        return x.reshape((n, c * h, 1, w))


class TinySteps(nn.Cell):
    """Each time step sees its neighbours, (N, C, 1, T) -> (N, T, 32)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.out_channels = 32
        self.layers = nn.SequentialCell(
            nn.Conv2d(in_channels, 32, (1, 5), has_bias=True), nn.BatchNorm2d(32), nn.ReLU()
        )

    def construct(self, x):
        return self.layers(x).squeeze(2).swapaxes(1, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of numbers, their labels and a dictionary of the digits and of a character that no image shows."""
    folder = tmp_path_factory.mktemp("numbers")
    for i, word in enumerate(WORDS):
        image = np.full((48, 128, 3), 255, np.uint8)
        cv2.putText(image, word, (5, 37), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (60, 30, 10), 3)
        cv2.imwrite(str(folder / f"{i}.png"), image)
    (folder / "labels.txt").write_text("".join(f"{i}.png\t{w}\n" for i, w in enumerate(WORDS)), encoding="utf-8")
    (folder / "keys.txt").write_text("\n".join("0123456789x"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def recipe(folder: Path, repo_root: Path):
    BACKBONES.names()
    NECKS.names()
    BACKBONES._classes["tiny_line"], NECKS._classes["TinySteps"] = TinyLine, TinySteps
    data = f"{{type: RecDataset, dataset_root: {folder}, data_dir: ., label_file: labels.txt"

    def build(name: str, *overrides: str, command: str | None = None):
        sections = ("train", "eval", "predict")
        return load_config(
            repo_root / "configs/rec/ppocr/ppocrv3_rec_mobile.yaml",
            [
                f"train.dataset={data}, sample_ratio: 8}}",
                f"eval.dataset={data}}}",
                *(f"{section}.dataset.transform_pipeline.PadTextLine.min_width=128" for section in sections),
                *(f"train.dataset.transform_pipeline.{op}=drop" for op in ("RecAug", "RecConAug")),
                "train.dataset.transform_pipeline.RecLabelEncode.max_text_len=5",
                "model={backbone: {name: tiny_line}, neck: {name: TinySteps}, "
                "head: {name: CTCHead, out_channels: 12, mid_channels: 16}}",
                f"postprocess={{name: CTCDecode, character_dict_path: {folder}/keys.txt, use_space_char: False}}",
                "scheduler={scheduler: constant, lr: 0.005, num_epochs: 1, warmup_epochs: 0}",
                "optimizer.weight_decay=0",
                "system.val_while_train=False",
                "train.loader={batch_size: 8, num_workers: 0}",
                "eval.loader={batch_size: 8, num_workers: 0}",
                f"train.ckpt_save_dir={folder}/{name}",
                *overrides,
            ],
            command,
        )

    yield build
    del BACKBONES._classes["tiny_line"], NECKS._classes["TinySteps"]


@pytest.fixture(scope="module")
def guided(recipe):
    """A guided run, and the losses of its last epoch as a run computes them that is resumed before it."""
    length = "scheduler={scheduler: cosine_decay, lr: 0.004, num_epochs: 30, warmup_epochs: 0}"
    whole = trainer.run(recipe("guided", *GUIDED, length))
    state = f"train.resume={whole.folder}/train_state.previous.ckpt"
    return whole, trainer.run(recipe("resumed", *GUIDED, length, state))


def checkpoint(folder: Path) -> Path:
    (path,) = folder.glob("epoch_*.ckpt")
    return path


def test_the_loss_falls_and_a_resumed_run_draws_the_same_masks(guided):
    whole, resumed = guided
    assert whole.losses[-1] < 0.3 * whole.losses[0]
    assert len(resumed.losses) == 8
    assert resumed.losses == whole.losses[-8:]


def test_evaluation_is_the_same_with_and_without_the_guide_in_the_recipe(guided, recipe, folder):
    ckpt = f"eval.ckpt_load_path={checkpoint(folder / 'guided')}"
    with_guide, without = (evaluator.run(recipe("eval", ckpt, *more)) for more in (GUIDED, ()))
    assert [text.text for _, text in with_guide.predictions] == list(WORDS)
    confidences = [[text.confidence for _, text in each.predictions] for each in (with_guide, without)]
    assert confidences[0] == confidences[1]


def test_the_exported_file_is_the_same_with_and_without_the_guide(guided, recipe, folder):
    from mindocr.config import save_config

    files = []
    image = np.random.default_rng(0).standard_normal((1, 3, 48, 128)).astype(np.float32)
    for name, more in (("with", GUIDED), ("without", ())):
        save_config(recipe(name, *more), folder / f"{name}.yaml")
        ckpt = str(checkpoint(folder / "guided"))
        found = exporter.run(str(folder / f"{name}.yaml"), (48, 128), folder / "out", ckpt=ckpt, file_format="ONNX")
        files.append((found.path.stat().st_size, open_runner(found.path)(image)["probs"][0]))
    assert abs(files[0][0] - files[1][0]) < 2000  # the settings differ, the weights do not
    np.testing.assert_array_equal(files[0][1], files[1][1])


def test_centers_are_exported_and_attract_the_features(guided, recipe, folder):
    ckpt = checkpoint(folder / "guided")
    path = folder / "centers.npz"
    config = recipe("centers", *GUIDED, f"eval.ckpt_load_path={ckpt}", command="export-centers")
    exported = class_centers.run(config, path)
    assert (exported.read, exported.right) == (64, 64)
    assert "centers of 10 of 11 characters" in exported.summary()
    found = read_centers(path)
    assert found.centers.shape == (12, 16) and found.counts[11] == 0 and found.counts[:11].min() > 0
    loss = (
        "loss={name: WeightedSum, terms: [{loss: {name: CTCLoss}}, "
        f"{{loss: {{name: CenterLoss, centers_path: {path}}}, weight: 0.05}}]}}"
    )
    start = (loss, "model.head.features=True", f"model.pretrained={ckpt}", "scheduler.num_epochs=6")
    result = trainer.run(recipe("center", *start))
    assert result.losses[-1] < result.losses[0]
    (folder / "other.txt").write_text("\n".join("0123456789y"), encoding="utf-8")
    with pytest.raises(ConfigError, match="these centers belong to a dictionary of 12 classes.* is another"):
        trainer.run(recipe("other", *start, f"postprocess.character_dict_path={folder}/other.txt"))
    with pytest.raises(ConfigError, match="WeightedSum reads features; in training the network outputs logits"):
        recipe("none", loss)
    with pytest.raises(ConfigError, match="does not read guide_logits, so nothing would train what computes it"):
        recipe("idle", GUIDED[0])


def test_mistakes_of_the_export(recipe, folder):
    with pytest.raises(UserError, match=r"--output: 'centers.npy' must end in .npz"):
        class_centers.run(recipe("centers"), Path("centers.npy"))
    with pytest.raises(ConfigError, match="eval.ckpt_load_path: required to export centers"):
        class_centers.run(recipe("centers", "eval.ckpt_load_path=null"), Path("centers.npz"))
