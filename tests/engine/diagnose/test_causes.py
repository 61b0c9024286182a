"""Causes of an f-score of 0, from statistics made by hand."""

import re

import numpy as np
import pytest

from mindocr.engine.diagnose.zero_score.detection_causes import find_causes
from mindocr.engine.diagnose.zero_score.detection_statistics import (
    EvaluationStatistics,
    TrainingStatistics,
)
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.predictions.detection import Detection

SHAPE = np.array([100.0, 200.0, 0.5, 0.5])  # 100 x 200 source pixels, shown to the network at half the size
FINE = RunStatistics(updates=5000, dropped=0, highest_lr=0.01, moved=0.5, from_scratch=False)


def box(x, y, w=60, h=20):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


CODE = ("zero_score/causes.py", "zero_score/detection_causes.py", "failed_step/explain.py")
TEXTS = (box(20, 60),)
TRAINED = WeightStatistics(norms=3)


def seen(prob=0.9, texts=TEXTS, ignore=None, found=None, shape=SHAPE, images=4):
    """Statistics of equal images: one map value, these texts, these detections."""
    signs = EvaluationStatistics(0.3, 0.6)
    found = Detection([box(20, 60)], [0.9]) if found is None else found
    ignore = np.zeros(len(texts), bool) if ignore is None else np.array(ignore)
    for i in range(images):
        prob_map = np.full((50, 100), 0.01, np.float32)
        prob_map[30:40, 10:40] = prob
        signs.add(f"{i}.jpg", shape, prob_map, found, list(texts), ignore)
    return signs


def causes(signs, weights=TRAINED, training=None, run=FINE):
    return {cause.name: cause for cause in find_causes(signs, weights, training, run)}


def batch(positive=0, mask=1.0, border=0.0, images=2):
    binary = np.zeros((images, 8, 8), np.float32)
    binary[:, :positive, :1] = 1
    filled = [np.full((images, 8, 8), value, np.float32) for value in (mask, border)]
    return {"binary_map": binary, "mask": filled[0], "thresh_mask": filled[1]}


def test_a_healthy_run_has_no_cause():
    assert causes(seen()) == {}


def test_maps_and_weights_that_are_not_finite():
    nothing = Detection()
    found = causes(seen(np.nan, found=nothing), WeightStatistics(["neck.out.0.weight"], 3))
    assert list(found) == ["not finite"]
    assert found["not finite"].numbers == (
        "4 of 4 probability maps have values that are not finite; 1 parameter has values that are not finite, such as "
        "neck.out.0.weight"
    )
    dropped = causes(seen(), run=RunStatistics(10, 90, 0.01, 0.5, False))["not finite"]
    assert dropped.numbers.startswith("90 updates were dropped because of non-finite gradients, 10 were made")


def test_a_learning_rate_of_zero():
    found = causes(seen(), run=RunStatistics(2000, 0, 0.0, 0.0, False))
    assert found["learning rate zero"].numbers == "the learning rate was 0 in all 2000 updates"
    assert "weights do not move" not in found
    still = causes(seen(), run=RunStatistics(2000, 0, 1e-30, 0.0, False))
    assert "in 2000 updates at learning rates up to 1e-30" in still["weights do not move"].numbers
    # a resumed run: only the updates of this process can have moved the weights since it started
    resumed = causes(seen(), run=RunStatistics(2000, 0, 0.01, 0.0, False, earlier_updates=1999))
    assert "have not changed in 1 update at" in resumed["weights do not move"].numbers
    assert causes(seen(), run=RunStatistics(2000, 0, 0.01, 0.0, False, earlier_updates=2000)) == {}
    assert causes(seen(), run=RunStatistics(1, 0, 0.0, 0.0, False))["learning rate zero"].numbers.endswith(
        "in the only update"
    )


@pytest.mark.parametrize(
    ("mask", "border", "remedy"), [(0.5, 0.0, "min_text_size"), (1.0, 1.0, "shrink_ratio"), (1.0, 0.0, "no text")]
)
def test_no_positive_pixels_and_where_they_went(mask, border, remedy):
    training = TrainingStatistics()
    training.add(batch(0, mask, border))
    cause = causes(seen(), training=training, run=RunStatistics(2000, 0, 0.1, 0.0, False))[
        "images without positive pixels"
    ]
    assert cause.numbers.startswith("2 of 2 training images have no positive pixel (0.00% of all pixels are positive)")
    assert f"{1 - mask:.1%} of the pixels are masked out" in cause.numbers
    assert remedy in cause.remedy and cause.certain


def test_positives_in_most_images_are_enough():
    training = TrainingStatistics()
    for positive in (4, 4, 0):
        training.add(batch(positive))
    assert (training.images, training.empty, training.positive / training.pixels) == (6, 2, 16 / 384)
    assert "images without positive pixels" not in causes(seen(), training=training)


def test_one_training_batch_in_ten_is_looked_at_after_the_first_ten():
    training = TrainingStatistics()
    for _ in range(40):
        training.add(batch(1))
    training.add(None)
    assert training.images == 2 * (10 + 3)


def test_all_texts_ignored():
    found = causes(seen(texts=[box(20, 60), box(90, 10)], ignore=[True, True]))
    assert found["no text counts"].numbers == "all 8 texts in 4 evaluated images are ignored"
    empty = causes(seen(texts=[], images=1))["no text counts"]
    assert empty.numbers == "there is no text in 1 evaluated image" and "###" not in empty.remedy


def test_texts_that_are_too_small_for_the_network():
    # 20 pixels high, seen at half the size: 10; at a quarter: 5
    assert "texts too small after resize" not in causes(seen())
    cause = causes(seen(shape=np.array([100, 200, 0.25, 0.25])))["texts too small after resize"]
    assert cause.numbers == (
        "the shorter side of 4 of 4 texts is below 8 pixels in the network's image (such as 25 x 50); the median is 5.0"
    )


def test_labels_of_photographs_of_another_size():
    name = "labels and photographs of different sizes"
    assert causes(seen(texts=[box(20, 60), box(300, 60)]))[name].numbers == (
        "the centres of 4 of 8 texts are outside their image"
    )
    corner = causes(seen(texts=[box(10 * i, 5, 8, 8) for i in range(9)]))[name]
    assert corner.numbers == "the centres of all 36 texts are in the top left 42% of their images' sides"
    assert name not in causes(seen(texts=[box(10 * i, 5, 8, 8) for i in range(19)]))


def test_weights_that_were_never_trained():
    found = causes(seen(), WeightStatistics(norms=20, untouched=20), run=None)
    assert "of all 20 BatchNorm layers are those of a new network" in found["weights not loaded"].numbers
    assert "weights not loaded" not in causes(seen(), WeightStatistics(norms=20, untouched=3), run=None)


def test_no_probability_above_the_threshold():
    low = causes(seen(0.2, found=Detection()))["no probability above threshold"]
    assert low.numbers == "the highest probability in 4 images is 0.2, binary_thresh is 0.3"
    assert "sees no text yet" in low.remedy and not low.certain


def test_regions_above_the_threshold_that_are_all_rejected():
    """An untrained network: its probabilities are near 0.5, above one threshold and below the other."""
    found = causes(seen(0.5, found=Detection(rejections={"low score": 2, "too small": 1})))
    assert "no probability above threshold" not in found
    assert found["every region rejected"].numbers == (
        "1200 of 20000 pixels are above binary_thresh 0.3, the highest probability is 0.5; 12 regions rejected: low "
        "score 8, too small 4"
    )
    assert "lower postprocess.box_thresh (now 0.6)" in found["every region rejected"].remedy
    assert "every region rejected" not in causes(seen(0.5))


def test_the_padding_of_a_map_does_not_count():
    signs = EvaluationStatistics(0.3, 0.6)
    prob = np.full((50, 100), 0.9, np.float32)
    prob[:25, :50] = 0.1
    signs.add("a.jpg", np.array([100, 200, 0.25, 0.25]), prob, Detection(), list(TEXTS), [False])
    (image,) = signs.images
    assert (image.highest, image.above, image.pixels) == (np.float32(0.1), 0, 25 * 50)
    assert signs.example[1].shape == (25, 50)


def test_few_updates_and_text_everywhere():
    early = causes(seen(), run=RunStatistics(12, 0, 0.01, 0.1, True))["few updates"]
    assert early.numbers == "12 updates so far, from random weights" and "model.backbone.pretrained" in early.remedy
    everywhere = EvaluationStatistics(0.3, 0.6)
    for value in (1.0, 1.0, 0.0):
        everywhere.add(f"{value}.jpg", SHAPE, np.full((50, 100), value, np.float32), Detection(), [box(20, 60)], [0])
    assert causes(everywhere)["text everywhere"].numbers == (
        "in 2 of 3 images more than 50% of the pixels are above binary_thresh 0.3; the median is 100%"
    )


@pytest.mark.parametrize(
    ("found", "numbers", "remedy"),
    [
        ([box(150, 0)], "0 of 4 texts covered with an IoU of 0.5 or more, best IoU 0.00", "they are elsewhere"),
        ([box(20, 55)], "4 of 4 texts covered with an IoU of 0.5 or more, best IoU 0.60", None),
        ([box(20, 50)], "0 of 4 texts covered with an IoU of 0.5 or more, best IoU 0.33", "fit the post-processing"),
    ],
)
def test_detections_are_compared_with_the_texts(found, numbers, remedy):
    # 60 x 20 boxes: moved down by 5 they share 15 of 25 rows, by 10 they share 10 of 30
    reported = causes(seen(found=Detection(found, [1.0])))
    if remedy is None:
        assert reported == {}
        return
    cause = reported["few texts found"]
    assert cause.numbers == (f"4 detections in 4 of 4 images; 4 images with detections and texts compared: {numbers}")
    assert remedy in cause.remedy


def test_detections_in_few_images_are_counted_against_all_images():
    signs = seen(found=Detection(), images=3)
    for image in seen(images=1).images:
        signs.images.append(image)
    cause = causes(signs)["few texts found"]
    assert cause.numbers.startswith("1 detection in 1 of 4 images; 1 image with detections and texts compared: 1 of 1 ")
    assert cause.remedy.startswith("most images have no detection")
    ignored = seen(texts=[box(20, 60), box(90, 10)], ignore=[True, False])
    assert "0 of 4 texts covered" in causes(ignored)["few texts found"].numbers


def test_only_the_first_images_are_compared_and_the_numbers_say_so():
    numbers = causes(seen(found=Detection([box(150, 0)], [1.0]), images=60))["few texts found"].numbers
    assert numbers.startswith(
        "60 detections in 60 of 60 images; the first 50 images with detections and texts compared:"
    )


def test_the_example_has_texts_and_the_highest_probability():
    signs = EvaluationStatistics(0.3, 0.6)
    for name, prob, ignore in (("a", 0.2, False), ("b", 0.9, True), ("c", 0.4, False), ("d", np.nan, False)):
        signs.add(name, SHAPE, np.full((5, 5), prob, np.float32), Detection(), [box(0, 0)], [ignore])
    assert signs.example[0].path == "c" and signs.example[1][0, 0] == np.float32(0.4)


def test_the_page_on_troubleshooting_names_the_causes_and_verdicts_of_the_code(repo_root):
    page = (repo_root / "docs/troubleshooting.md").read_text(encoding="utf-8")
    code = "".join((repo_root / "mindocr/engine/diagnose" / name).read_text(encoding="utf-8") for name in CODE)
    told = set(re.findall(r'Cause\(\s*"([a-z ]+)"', code))
    rows = [re.findall(r"^\| `(.+?)` \|", part, re.M) for part in page.split("### The replay")[1].split("## ")]
    verdicts, causes = (row for row in rows if row)
    assert set(causes) == told and len(causes) == len(told) > 10
    assert len(verdicts) == 5 and all(verdict in code for verdict in verdicts)
    messages = re.findall(r"`((?:the loss or|no capsule|why it is)[^`]+)`", page)
    sources = [path.read_text(encoding="utf-8") for path in (repo_root / "mindocr/engine").rglob("*.py")]
    assert len(messages) == 3 and all(any(message in source for source in sources) for message in messages)
