"""Type of a sample: every key that an op may read or write, with dtype, shape and unit.

Points are (x, y) pixels, origin at the top left corner of the image, y downwards: the pixel in column c covers c to c
+ 1. Sizes are (h, w).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from mindocr.images.read import Picture


class DetSample(TypedDict, total=False):
    """One image with its texts or its class, or one text line, in a pipeline.

    Attributes:
        img_path: image file.
        progress: share of the training that is over at the end of this epoch, above 0 to 1; 0 outside training.
        label: texts of the image as in the label file, a JSON list.
        image: (H, W, 3) uint8 after DecodeImage, float32 after NormalizeImage, (3, H, W) float32 after ToCHWImage.
        image_ori: (H, W, 3) uint8, the image as decoded (DecodeImage with ``keep_ori``).
        polys: N polygons, each (K_i, 2) float32, in pixels of ``image`` (in evaluation: of the source image).
        ignore_tags: (N,) bool, True = the text is ignored in training and evaluation.
        texts: N transcriptions.
        shape_list: (4,) float32: source h, source w, ratio_h, ratio_w; y in ``image`` = y in the source * ratio_h.
        binary_map: (H, W) uint8, 1 inside shrunk texts, 0 elsewhere.
        mask: (H, W) uint8, 1 = the pixel counts in the loss of the binary map, 0 inside ignored texts.
        thresh_map: (H, W) float32 in [thresh_min, thresh_max], highest on the border of texts.
        thresh_mask: (H, W) uint8, 1 = the pixel counts in the loss of the threshold map.
        anchor_classes: (A,) int8, 1 = the anchor is text, 0 = background, -1 = it does not count.
        box_targets: (A, 4) float32, position of the text at an anchor: dx, dy, dw, dh (geometry/text_anchors.py).
        box_mask: (A,) uint8, 1 = the anchor counts in the loss of positions.
        side_targets: (A,) float32, distance of the nearest side of the text from the anchor's centre, in 16 pixels.
        side_mask: (A,) uint8, 1 = the anchor counts in the loss of sides.
        text: transcription of a sample that is one text line.
        polygon: (K, 2) float32, around that line, in pixels of the image file; (0, 2) = the whole image.
        crop: (h, w, 3) uint8, that line already cut out of its image, if the data set keeps crops.
        batch_image_size: (h, w) in pixels that a sampler chose for the images of this batch; usually absent.
        line_width: width of the resized line in pixels; ``image`` may be padded to more.
        text_seq: (max_text_len,) int32, classes of its characters, padded with 0, the blank.
        text_length: () int32, number of its characters.
        class_name: label of a sample of classification.
        class_number: () int32, position of this label among the classes.
        further: other samples of the data set, for an op that asks for them (transforms/further.py); not kept after it.
        picture: of a further sample whose pixels are decoded later; ``image`` then only has the right shape.
    """

    img_path: str
    progress: float
    label: str
    image: np.ndarray
    image_ori: np.ndarray
    polys: list[np.ndarray]
    ignore_tags: np.ndarray
    texts: list[str]
    shape_list: np.ndarray
    binary_map: np.ndarray
    mask: np.ndarray
    thresh_map: np.ndarray
    thresh_mask: np.ndarray
    anchor_classes: np.ndarray
    box_targets: np.ndarray
    box_mask: np.ndarray
    side_targets: np.ndarray
    side_mask: np.ndarray
    text: str
    polygon: np.ndarray
    crop: np.ndarray
    batch_image_size: tuple[int, int]
    line_width: int
    text_seq: np.ndarray
    text_length: np.ndarray
    class_name: str
    class_number: np.ndarray
    further: Sequence[DetSample]
    picture: Picture
