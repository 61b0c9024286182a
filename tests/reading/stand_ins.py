"""Stand-ins for the networks of a reader, for tests and for the processes that they start."""

import cv2
import numpy as np

from mindocr.inference.results import Result
from mindocr.predictions.detection import Detection
from mindocr.predictions.text import Text


def quad(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


class Detector:
    """Finds the white rectangles of a picture, lowest first."""

    def __init__(self, model):
        self.model = model

    def __call__(self, pixels):
        contours, _ = cv2.findContours(
            (pixels[..., 0] > 100).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        boxes = sorted((cv2.boundingRect(each) for each in contours), key=lambda box: -box[1])
        return Result(Detection([quad(*box) for box in boxes], [0.9] * len(boxes)), pixels.shape[:2])

    def stream(self, images):
        yield from map(self, images)

    def log_cost(self):
        pass


class Recogniser:
    """Reads the brightness of a crop; a dark crop with little confidence."""

    def __init__(self, model):
        self.model = model

    def read(self, crops, batch_size, ratios=None):
        values = [int(crop[crop.shape[0] // 2, crop.shape[1] // 2, 0]) for crop in crops]
        return [Text(str(value), 0.9 if value > 150 else 0.3) for value in values]


class Classifier:
    """Finds crops whose right half is brighter upside down."""

    def __init__(self, model):
        self.model = model

    def upside_down(self, crops, batch_size):
        return [bool(crop[:, -1].mean() > crop[:, 0].mean()) for crop in crops]


def put_in(module, replace=setattr):
    """Let the module of the reader use the stand-ins, and names instead of weights."""
    replace(module, "TextClassifier", Classifier)
    replace(module, "TextDetector", Detector)
    replace(module, "TextRecogniser", Recogniser)
    replace(module, "find_weights", lambda name, task: f"{name}/{task}")
