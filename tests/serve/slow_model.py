"""``mindocr serve`` with a stand-in for the model: an image of W pixels takes W milliseconds; a batch as its widest.

The text that it finds is as wide as the image. Its score says how many images were predicted at once: 1 / n.
"""

import sys
import time

import numpy as np

from mindocr.predictions.detection import Detection
from mindocr.serve.answers import FoundTexts
from mindocr.serve.variants import Option


class SlowModel:
    name, kind, batches, workers = "slow", "detection", True, 1
    options = {"box_thresh": Option(0.5, "ignored")}

    def prepare(self, image):
        return image

    def group(self, prepared):
        return prepared.shape[0]

    def predict(self, prepared, options, alone=True):
        if any(image.shape[1] == 13 for image in prepared):
            raise RuntimeError("13 brings bad luck")
        time.sleep(max(image.shape[1] for image in prepared) / 1000)
        outline = [
            np.array([[0, 0], [image.shape[1], 0], [image.shape[1], 5], [0, 5]], np.float32) for image in prepared
        ]
        return [
            FoundTexts(Detection([each], [1 / len(prepared)]), image.shape[:2])
            for each, image in zip(outline, prepared)
        ]


def main():
    from mindocr.cli.main import main as command
    from mindocr.serve import server

    def load(choice):
        time.sleep(float(choice.model.partition("slow-")[2] or 0))
        return SlowModel()

    server.open_model = load
    command(["serve", *sys.argv[1:]])


if __name__ == "__main__":
    main()
