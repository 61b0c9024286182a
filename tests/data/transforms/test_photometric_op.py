import numpy as np
import pytest

from mindocr.data.transforms.photometric import Distortion, PhotometricDistortion
from mindocr.errors import ConfigError

IMAGE = np.array([[[100, 50, 200], [0, 0, 0], [255, 255, 255], [255, 0, 0]]], dtype=np.uint8)


def applied(**changes):
    return PhotometricDistortion().apply({"image": IMAGE}, Distortion(**changes))["image"][0].tolist()


def test_each_change_by_hand():
    assert applied() == IMAGE[0].tolist()
    assert applied(brightness=-60)[:2] == [[40, 0, 140], [0, 0, 0]]
    assert applied(contrast=1.5)[0] == [150, 75, 255]
    assert applied(order=(2, 0, 1))[0] == [200, 100, 50]
    # Half the saturation: each value moves half of the way to the largest one.
    assert applied(saturation=0.5) == [[150, 125, 200], [0, 0, 0], [255, 255, 255], [255, 128, 128]]
    assert applied(hue=120)[3] == [0, 255, 0]
    assert applied(hue=-120)[3] == [0, 0, 255]


def test_the_contrast_before_and_after_saturation():
    # Of (100, 50, 200) + 20: the blue value is 220, doubled 440. More saturation takes red below 0, where it is cut.
    before = applied(brightness=20, contrast=2.0, saturation=1.5)[0]
    after = applied(brightness=20, contrast=2.0, saturation=1.5, contrast_first=False)[0]
    red, green = 220 - 1.5 * (220 - 120), 220 - 1.5 * (220 - 70)
    assert before == after == [2 * red, max(0, 2 * green), 255]
    assert applied(brightness=-60, contrast=2.0, saturation=1.5, contrast_first=False)[0] == [0, 0, 255]


def test_input_and_type_stay():
    source = IMAGE.astype(np.float32)
    image = PhotometricDistortion().apply({"image": source}, Distortion(brightness=0.25, contrast=1.5))["image"]
    assert image.dtype == np.float32 and image[0, 0].tolist() == [150.375, 75.375, 255]
    np.testing.assert_array_equal(source, IMAGE)


def test_draws_lie_in_their_ranges_and_half_of_the_changes_happen(rng):
    op = PhotometricDistortion()
    draws = [op.draw(rng, {}) for _ in range(400)]
    for key, low, high, neutral in (
        ("brightness", -32, 32, 0),
        ("contrast", 0.5, 1.5, 1),
        ("saturation", 0.5, 1.5, 1),
        ("hue", -18, 18, 0),
    ):
        values = np.array([getattr(draw, key) for draw in draws])
        assert low <= values.min() < 0.9 * low + 0.1 * neutral and 0.9 * high < values.max() <= high
        assert 0.4 < np.mean(values != neutral) < 0.6, key
    assert len({draw.order for draw in draws}) == 6 and {draw.contrast_first for draw in draws} == {True, False}
    assert all(PhotometricDistortion(p=0).draw(rng, {}) in (Distortion(), Distortion(contrast_first=False))
               for _ in range(5))  # fmt: skip
    assert PhotometricDistortion(p=1, swap_channels=False).draw(rng, {}).order == (0, 1, 2)


@pytest.mark.parametrize(
    "arguments, message",
    [({"contrast": 1.5}, "contrast must be between 0 and 1, got 1.5"), ({"p": -1}, "p must be between 0 and 1, got -1"),
     ({"brightness": float("nan")}, "brightness must be between 0 and 255, got nan")],
)  # fmt: skip
def test_strengths_out_of_range(arguments, message):
    with pytest.raises(ConfigError, match=f"PhotometricDistortion: {message}"):
        PhotometricDistortion(**arguments)
