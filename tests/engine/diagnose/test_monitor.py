"""Runs that find nothing report why: in the log, once, with a picture."""

import cv2
import numpy as np
import pytest

from mindocr.engine.evaluate import evaluator
from mindocr.engine.runtime import build
from mindocr.engine.train import checkpoints, trainer

ZERO = ("scheduler={scheduler: constant, lr: 0.0, num_epochs: 2}", "postprocess.box_thresh=0.99")


def log_of(folder):
    return (folder / "log_0.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_learning_rate_of_zero_is_told_once_and_drawn(tiny_config):
    result = trainer.run(tiny_config(*ZERO))
    log = log_of(result.folder)
    assert log.count("why it is near 0:") == 1
    assert "epoch 1: the score is 0.0000; why it is near 0:" in log
    assert "learning rate zero: the learning rate was 0 in all 6 updates. To do: raise scheduler.lr" in log
    assert log.count("the score is still near 0 (0.0000), for the same reasons: learning rate zero, few updates") == 1
    picture = cv2.imread(str(result.folder / "why_zero.png"))
    assert picture.shape[0] > 480 and picture.shape[1] > 3 * 480
    assert "picture: " + str(result.folder / "why_zero.png") in log


@pytest.mark.slow
def test_what_training_may_mend_is_told_after_some_evaluations_or_at_the_end(tiny_config):
    options = ("scheduler.lr=1e-5", "postprocess.box_thresh=1.0")
    early = log_of(trainer.run(tiny_config(*options, "scheduler.num_epochs=1", folder="early")).folder)
    assert "epoch 1: the score is 0.0000; why it is near 0:" in early
    assert "no probability above threshold: " in early and "few updates: 6 updates" in early
    waiting = log_of(trainer.run(tiny_config(*options, "scheduler.num_epochs=4", folder="waiting")).folder)
    assert "epoch 2: the score" not in waiting and "epoch 3: the score is 0.0000; why it is near 0:" in waiting
    assert waiting.count("why it is near 0:") == 1


@pytest.mark.slow
def test_texts_below_the_smallest_size_leave_no_positive_pixels(tiny_config):
    small = "train.dataset.transform_pipeline.ShrinkBinaryMap.min_text_size=500"
    log = log_of(trainer.run(tiny_config(small, "scheduler.num_epochs=1")).folder)
    assert (
        "images without positive pixels: 12 of 12 training images have no positive pixel (0.00% of all pixels are "
        "positive)" in log
    )
    assert "lower min_text_size" in log and "weights do not move" not in log


@pytest.mark.slow
def test_evaluation_at_a_size_that_is_too_small(tiny_config):
    config = tiny_config("eval.dataset.transform_pipeline.DetResize.target_size=[32, 32]", "scheduler.num_epochs=1")
    log = log_of(trainer.run(config).folder)
    assert (
        "texts too small after resize: the shorter side of 15 of 16 texts is below 8 pixels in the network's image"
        in log
    )


@pytest.fixture
def new_weights(tiny_config, tmp_path):
    """A configuration that evaluates weights which were never trained, and these weights."""
    config = tiny_config("postprocess.box_thresh=1.0")
    network = build.network(config, training=True)
    (tmp_path / "run").mkdir()
    checkpoints.save(network.get_parameters(), tmp_path / "run/best.ckpt")
    return config, network


def test_evaluation_of_new_weights_says_so(new_weights, capfd, tmp_path):
    result = evaluator.run(new_weights[0])
    assert result.scores["f-score"] == 0
    told = capfd.readouterr().err
    assert "weights not loaded: the running statistics of all " in told
    assert "no probability above threshold: the highest probability in 5 images is 0." in told
    assert "every region rejected" not in told
    assert (tmp_path / "run/eval/why_zero.png").exists()


@pytest.mark.slow
def test_weights_that_are_not_finite_are_named(new_weights, capfd, tmp_path):
    config, network = new_weights
    bias = network.head.segm[6].bias
    bias.set_data(bias * np.nan)
    checkpoints.save(network.get_parameters(), tmp_path / "run/best.ckpt")
    evaluator.run(config)
    told = capfd.readouterr().err
    assert (
        "not finite: 5 of 5 probability maps have values that are not finite; 1 parameter has values that are not "
        "finite, such as head.segm.6" in told
    )
    assert "threshold" not in told


@pytest.mark.slow
def test_labels_of_larger_photographs(tiny_config, tiny_data, tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    for image in (tiny_data / "test").iterdir():
        (folder / "test").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "test" / image.name), cv2.resize(cv2.imread(str(image)), (40, 40)))
    labels = next(tiny_data.glob("test*.txt"))
    (folder / labels.name).write_bytes(labels.read_bytes())
    config = tiny_config(f"eval.dataset.dataset_root={folder}", "scheduler.num_epochs=1")
    log = log_of(trainer.run(config).folder)
    assert "labels and photographs of different sizes: " in log and " texts are outside their image" in log
