"""Replays of planted failures: the right layer, term and image are named."""

import numpy as np
import planted
import pytest
from test_capsule import stopped

from mindocr.data.transforms import layout
from mindocr.engine.diagnose.failed_step import explain, replay
from mindocr.registry import TRANSFORMS
from mindocr.utils import visualize


@pytest.fixture
def pictures(tmp_path):
    planted.write_pictures(tmp_path / "data")
    return planted.options(tmp_path / "data")


@pytest.mark.slow
@pytest.mark.parametrize(("level", "mode"), [("O2", 0), ("O3", 1)])
def test_an_image_that_overflows_in_float16_is_named_among_four(tiny_config, pictures, tmp_path, level, mode):
    weights = planted.write_weights(tiny_config(*pictures), tmp_path / "w.ckpt", planted.LARGE_WEIGHT)
    options = (*pictures, f"model.pretrained={weights}", f"system.amp_level={level}", f"system.mode={mode}")
    message, capsule = stopped(tiny_config(*options))
    found = replay.run(capsule.path)
    assert found.float32.finite and not found.mixed.finite
    assert (found.mixed.first.layer, found.culprits) == ("backbone.stages.0.0", [2])
    text = explain.describe(found)
    assert f"finite in float32, not finite in amp {level}: backbone.stages.0.0 (Conv2d) overflows in image 3 " in text
    assert "(white.png) of 4; in float32 that layer reaches 9.879e+04, and the largest float16 is 65504" in text
    assert (capsule.path / "culprit.png").stat().st_size > 1000
    again = replay.run(capsule.path, overrides=["system.amp_level=O0"])
    assert again.float32 is again.mixed and again.culprits == []
    assert "every number is finite here" in explain.describe(again)


def test_pictures_of_what_was_fed():
    image = np.zeros((3, 4, 5), np.float32)
    image[:, 0, 0], image[1, 2, 3] = (-2, -1, -4), np.nan
    picture = replay.as_picture(image)
    assert (picture[0, 0] == 0).all() and (picture[1, 1] == 255).all() and tuple(picture[2, 3]) == visualize.RED
    grey = np.full((4, 5, 3), 7, np.uint8)
    np.testing.assert_array_equal(replay.as_picture(grey), grey)


@pytest.mark.slow
def test_gradients_that_overflow_name_the_loss_scale(tiny_config, pictures):
    scaler = "loss_scaler={type: static, loss_scale: 1e7}"
    _, capsule = stopped(tiny_config(*pictures, scaler, "system.amp_level=O2", "system.mode=1"))
    found = replay.run(capsule.path)
    assert found.mixed.first is None and "head.segm.6.bias" in found.mixed.gradients.overflown
    text = explain.verdict(found)
    assert text.startswith(
        "finite in float32, not finite in amp O2 with loss scale 1e+07: the gradient of head.thresh.6"
    )
    assert "Use loss_scaler.type: dynamic, which finds a scale that fits, or a loss_scaler.loss_scale of 625000" in text


class SpoilWhite(layout.ToCHWImage):
    """Puts one NaN into the white image."""

    def __call__(self, sample):
        sample = super().__call__(sample)
        if sample["image"][0, 0, 0] > 2:
            sample["image"][1, 80, 80] = float("nan")
        return sample


@pytest.mark.slow
def test_an_input_that_is_not_finite_is_named(tiny_config, pictures, monkeypatch):
    TRANSFORMS.names()
    monkeypatch.setitem(TRANSFORMS._classes, "SpoilWhite", SpoilWhite)
    pipeline = planted.PIPELINE.replace("ToCHWImage", "SpoilWhite")
    options = (*pictures, f"train.dataset.transform_pipeline={pipeline}", "system.mode=1")
    _, capsule = stopped(tiny_config(*options))
    found = replay.run(capsule.path)
    assert (found.bad_inputs, found.culprits) == ({"image": [2]}, [2])
    assert "the input is not finite: image of image 3 (white.png) of 4." in explain.verdict(found)
