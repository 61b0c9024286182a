"""A second task, made of new parts alone: is a crop of text upright (0) or upside down (180)?"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import mindspore as ms
import numpy as np
from mindspore import nn, ops

from mindocr.data.datasets.base import ListFileDataset
from mindocr.formats.record import Record
from mindocr.predictions.base import Prediction
from mindocr.registry import BACKBONES, DATASETS, HEADS, LOSSES, METRICS, POSTPROCESSES

ANGLES = (0, 180)


class Crops(ListFileDataset):
    """Crops listed as ``image<TAB>angle``."""

    provided_keys: ClassVar[tuple[str, ...]] = ("img_path", "angle")

    def read_list(self, file: Path, folder: Path):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            name, angle = line.split("\t")
            yield Record(str(folder / name), f"{file}:{number}", ANGLES.index(int(angle))), 1

    def _start(self, record: Record):
        return {"img_path": record.img_path, "angle": np.int32(record.content)}


class Backbone(nn.Cell):
    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, [16], [8]
        layers = [nn.Conv2d(a, b, 3, stride=2, has_bias=True) for a, b in ((3, 8), (8, 16), (16, 16))]
        self.layers = nn.SequentialCell([cell for layer in layers for cell in (layer, nn.ReLU())])

    def construct(self, x):
        return (self.layers(x),)


class AngleHead(nn.Cell):
    outputs, inference_outputs = ("logits",), ("confidences",)

    def __init__(self, in_channels: list, rows: int = 4, columns: int = 12) -> None:
        super().__init__()
        self.dense = nn.Dense(in_channels[0] * rows * columns, len(ANGLES))

    def construct(self, features):
        logits = self.dense(features[0].reshape((features[0].shape[0], -1)))
        return logits if self.training else ops.softmax(logits)


class AngleLoss(nn.Cell):
    reads, labels, term_names = ("logits",), ("angle",), ("cross_entropy",)

    def __init__(self) -> None:
        super().__init__()

    def construct(self, logits, angle):
        loss = ops.cross_entropy(logits, ops.cast(angle, ms.int32))
        return loss, loss.reshape((1,))


@dataclass
class Angle(Prediction):
    angle: int
    confidence: float
    kind: ClassVar[str] = "angles"

    def to_json(self):
        return {"angle": self.angle, "confidence": self.confidence}

    @classmethod
    def from_json(cls, value):
        return cls(**value)

    def entries(self):
        return {"angle": self.angle, "confidence": round(self.confidence, 4)}

    def result_line(self, image):
        return f"{image}\t{self.angle}"

    def draw(self, image):
        return cv2.putText(image.copy(), str(self.angle), (0, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 0, 0))


class DecodeAngle:
    reads, columns, gives = ("confidences",), (), Angle

    def __init__(self) -> None:
        pass

    def __call__(self, confidences):
        return [Angle(ANGLES[int(row.argmax())], float(row.max())) for row in confidences]


class AngleAccuracy:
    reads, judges, main_indicator = ("angle",), Angle, "accuracy"

    def __init__(self) -> None:
        self.reset()

    def reset(self):
        self.counts = {"images": 0, "right": 0}

    def judge(self, predictions, columns):
        right = [found.angle == ANGLES[int(angle)] for found, angle in zip(predictions, columns[0])]
        self.merge({"images": len(right), "right": sum(right)})
        return right

    def merge(self, counts):
        self.counts = {name: self.counts[name] + number for name, number in counts.items()}

    def result(self):
        return {"accuracy": self.counts["right"] / max(self.counts["images"], 1)}

    def summary(self, scores):
        return f"accuracy {scores['accuracy']:.3f}"


PARTS = (
    (DATASETS, Crops), (BACKBONES, Backbone), (HEADS, AngleHead), (LOSSES, AngleLoss), (POSTPROCESSES, DecodeAngle),
    (METRICS, AngleAccuracy),
)  # fmt: skip


def draw_crops(folder: Path, count: int, seed: int) -> Path:
    """Words of capital letters that look different upside down, on crops of 32 x 96; returns the label file."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    lines = []
    for i in range(count):
        word = "".join(rng.choice(list("AFGJLPRTVY")) for _ in range(4))
        image = np.full((32, 96, 3), rng.integers(150, 255), np.uint8)
        cv2.putText(image, word, (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (int(rng.integers(0, 80)),) * 3, 2)
        angle = ANGLES[i % 2]
        cv2.imwrite(str(folder / f"{i}.png"), image if angle == 0 else image[::-1, ::-1])
        lines.append(f"{i}.png\t{angle}\n")
    label_file = folder.with_suffix(".txt")
    label_file.write_text("".join(lines), encoding="utf-8")
    return label_file
