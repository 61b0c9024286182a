"""A run with a planted failure: four images in one batch, with the weights and pixels that a test needs."""

from pathlib import Path

import cv2
import mindspore as ms
import numpy as np

from mindocr.engine.runtime import build
from mindocr.engine.train import checkpoints
from mindocr.formats.label_file import format_label_line

NAMES = ("grey_1.png", "grey_2.png", "white.png", "grey_3.png")
BOX = [[30, 60], [130, 60], [130, 100], [30, 100]]
GREY, WHITE = 120, 255
# NormalizeImage makes about 0 of the grey and 2.4 of the white; 27 weights of 1500 then reach 98 000 on white
LARGE_WEIGHT = 1500.0
PIPELINE = "[{DecodeImage: {img_mode: RGB}}, DetLabelEncode, ShrinkBinaryMap, BorderMap, NormalizeImage, ToCHWImage]"


def write_pictures(folder: Path) -> None:
    """Four images of 160 x 160, the third of them white, each with one text, in the layout of the synthetic set."""
    (folder / "train").mkdir(parents=True)
    lines = []
    for name in NAMES:
        image = np.full((160, 160, 3), WHITE if name == "white.png" else GREY, np.uint8)
        image[60:100, 30:130] -= 12
        cv2.imwrite(str(folder / "train" / name), image)
        lines.append(format_label_line(name, [{"transcription": "word", "points": BOX}]))
    (folder / "train_labels.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def options(folder: Path) -> tuple[str, ...]:
    """One step per epoch on these images, in their order."""
    return (
        f"train.dataset.dataset_root={folder}",
        "train.dataset.data_dir=train",
        "train.dataset.label_file=train_labels.txt",
        f"train.dataset.transform_pipeline={PIPELINE}",
        "train.loader.batch_size=4",
        "train.loader.shuffle=False",
        "system.val_while_train=False",
    )


def write_weights(config, path: Path, value: float, weights: slice = slice(None)) -> Path:
    """Weights for ``config`` whose first convolution holds ``value``."""
    network = build.network(config, training=True)
    first = next(p for p in network.trainable_params() if p.ndim == 4)
    values = first.asnumpy().copy()
    values.ravel()[weights] = value
    first.set_data(ms.Tensor(values))
    checkpoints.save(network.get_parameters(), path)
    return path
