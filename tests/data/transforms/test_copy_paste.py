"""CopyPaste: where texts go, what their pixels are, and what happens where nothing can be pasted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.data.datasets.detection import DetDataset
from mindocr.data.transforms.copy_paste import CopyPaste, Paste
from mindocr.data.transforms.load import DecodeImage
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError
from mindocr.formats.label_file import format_label_line
from mindocr.geometry.overlap import pairwise_intersection
from mindocr.images import read
from mindocr.images.read import Picture
from mindocr.registry import TRANSFORMS


def polygon(rng, size, corners, side):
    """Corners around a centre inside the image, in order."""
    h, w = size
    centre = rng.uniform((side, side), (w - side, h - side))
    turns = (np.arange(corners) + rng.uniform(0, 0.6, corners)) * 2 * np.pi / corners
    reach = rng.uniform(0.4, 1, (corners, 1)) * side
    return (centre + reach * np.stack([np.cos(turns), np.sin(turns)], axis=1)).astype(np.float32)


def scene(rng, size, texts, *, ignored=0.3, side=12):
    polys = [polygon(rng, size, int(rng.integers(4, 11)), side) for _ in range(texts)]
    return {
        "image": rng.integers(0, 256, (*size, 3), dtype=np.uint8),
        "polys": polys,
        "ignore_tags": rng.random(texts) < ignored,
        "texts": [f"t{i}" for i in range(texts)],
    }


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), texts=st.integers(0, 12), others=st.integers(0, 40))
def test_pasted_texts_lie_apart_and_everything_else_is_unchanged(seed, texts, others):
    rng = np.random.default_rng(seed)
    sample = scene(rng, (120, 160), texts)
    sample["further"] = [scene(rng, (100, 140), others)]
    before = {key: np.copy(sample[key]) if key == "image" else list(sample[key]) for key in ("image", "polys")}
    op = CopyPaste(objects_paste_ratio=0.5)
    pastes = op.draw(np.random.default_rng(seed), sample)
    result = op.apply(sample, pastes)
    np.testing.assert_array_equal(sample["image"], before["image"])
    assert len(result["polys"]) == len(result["texts"]) == len(result["ignore_tags"]) == texts + len(pastes)
    assert all(np.array_equal(a, b) for a, b in zip(result["polys"], before["polys"]))

    new = result["polys"][texts:]
    tags = sample["further"][0]["ignore_tags"]
    assert not any(tags[paste.number] for paste in pastes) and not result["ignore_tags"][texts:].any()
    assert len({paste.number for paste in pastes}) == len(pastes) <= max(1, others // 2)
    assert result["texts"][texts:] == [f"t{paste.number}" for paste in pastes]
    touched = np.zeros((120, 160), np.uint8)
    for i, poly in enumerate(new):
        assert poly.min() > -0.01 and (poly.max(axis=0) < (159.01, 119.01)).all()
        assert not pairwise_intersection([poly], [*before["polys"], *new[:i]]).any()
        cv2.fillPoly(touched, [np.rint(poly).astype(np.int32)], 1)
    changed = (result["image"] != sample["image"]).any(axis=2)
    assert not (changed & (touched == 0)).any()
    if any(~tags) and not texts:
        assert pastes, "an empty image has room"


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), corners=st.integers(4, 12))
def test_a_text_that_is_not_rotated_keeps_its_pixels(seed, corners):
    rng = np.random.default_rng(seed)
    sample = scene(rng, (90, 110), 0)
    other = scene(rng, (80, 100), 0)
    other.update(polys=[polygon(rng, (80, 100), corners, 15)], ignore_tags=np.array([False]), texts=["a"])
    sample["further"] = [other]
    op = CopyPaste(degrees=(0, 0))
    pastes = op.draw(rng, sample)
    result = op.apply(sample, pastes)
    (shift,) = (paste.matrix[:2, 2].astype(int) for paste in pastes)
    mask = np.zeros((80, 100), np.uint8)
    cv2.fillPoly(mask, [np.rint(other["polys"][0]).astype(np.int32)], 1)
    rows, columns = np.nonzero(mask)
    np.testing.assert_array_equal(result["image"][rows + shift[1], columns + shift[0]], other["image"][rows, columns])


def test_a_turned_text_by_hand():
    """A quarter turn, counter-clockwise: the left end of a text comes to lie at the bottom."""
    other = {
        "image": np.zeros((20, 40, 3), np.uint8),
        "polys": [np.array([[4, 8], [29, 8], [29, 15], [4, 15]], np.float32)],
    }
    other["image"][8:16, 4:17], other["image"][8:16, 17:30] = (200, 0, 0), (0, 0, 200)
    sample = {"image": np.full((50, 30, 3), 7, np.uint8), "polys": [], "ignore_tags": np.zeros(0, bool)}
    matrix = np.array([[0, 1, 0], [-1, 0, 40], [0, 0, 1]], float)  # (x, y) -> (y, 40 - x)
    op = CopyPaste()
    result = op.apply({**sample, "further": [other]}, [Paste(0, matrix)])
    np.testing.assert_array_equal(result["polys"][0], [[8, 36], [8, 11], [15, 11], [15, 36]])
    assert result["image"][34, 11].tolist() == [200, 0, 0] and result["image"][13, 11].tolist() == [0, 0, 200]
    assert result["image"][34, 20].tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    ("texts", "ignored", "size"), [(0, 0.0, (100, 140)), (5, 1.0, (100, 140)), (1, 0.0, (400, 400))],
    ids=["no text", "ignored texts", "text larger than the image"],
)  # fmt: skip
def test_nothing_to_paste(texts, ignored, size):
    rng = np.random.default_rng(0)
    sample = scene(rng, (60, 60), 1)
    sample["further"] = [scene(rng, size, texts, ignored=ignored, side=150 if size[0] == 400 else 12)]
    op = CopyPaste()
    pastes = op.draw(rng, sample)
    assert pastes == [] and op.apply(sample, pastes) is sample


def test_a_full_image_gets_nothing():
    rng = np.random.default_rng(0)
    sample = scene(rng, (100, 140), 0)
    sample.update(polys=[np.array([[5, 5], [135, 5], [135, 95], [5, 95]], np.float32)], ignore_tags=np.array([True]))
    sample["further"] = [scene(rng, (100, 140), 20, ignored=0)]
    assert CopyPaste().draw(rng, sample) == []


def test_in_the_pipeline_of_a_data_set(tmp_path):
    """Samples depend on seed, epoch and index; geometric ops after it move the added polygons, too."""
    lines = []
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((120, 200, 3), 40 * i + 40, np.uint8))
        texts = [
            {"points": [[10, y], [80, y], [80, y + 14], [10, y + 14]], "transcription": f"{i}-{y}"} for y in (10, 60)
        ]
        lines.append(format_label_line(f"{i}.png", texts) + "\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    ops = ["DecodeImage", "DetLabelEncode", {"CopyPaste": {"objects_paste_ratio": 1.0}}, {"RandomScale": {
        "scale_range": [0.5, 0.5], "p": 1.0}}]  # fmt: skip
    data = DetDataset(str(tmp_path), str(tmp_path / "gt.txt"), transform_pipeline=ops, seed=1)
    first, again = data.get(0, 1), data.get(0, 1)
    np.testing.assert_array_equal(first["image"], again["image"])
    assert first["texts"] == again["texts"] and first["image"].shape == (60, 100, 3)
    added = first["texts"][2:]
    assert added and all(not text.startswith("0-") for text in added) or data.get(1, 1)["texts"][2:]
    assert any(data.get(i, 1)["texts"] != data.get(i, 2)["texts"] for i in range(4))
    for poly, text in zip(first["polys"][2:], added):
        x, y = poly.mean(axis=0).astype(int)
        assert abs(int(first["image"][y, x, 0]) - (40 * int(text[0]) + 40)) <= 2


def test_its_cost_is_visible_without_that_of_the_other_image(tmp_path, monkeypatch):
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((50, 80, 3), np.uint8))
    text = {"points": [[5, 5], [40, 5], [40, 20], [5, 20]], "transcription": "a"}
    (tmp_path / "gt.txt").write_text(format_label_line("0.png", [text]) + "\n", encoding="utf-8")
    data = DetDataset(str(tmp_path), str(tmp_path / "gt.txt"), transform_pipeline=["DecodeImage", "DetLabelEncode",
                                                                                  "CopyPaste"])  # fmt: skip
    now = [0.0]
    load = DecodeImage.open

    def slow(self, sample):
        now[0] += 5.0
        return load(self, sample)

    monkeypatch.setattr(DecodeImage, "open", slow)
    data.pipeline.seconds, data.pipeline.clock = {}, lambda: now[0]
    data.get(0, 1)
    assert data.pipeline.seconds == {
        "DecodeImage": 10.0, "DetLabelEncode": 0.0, "CopyPaste": 0.0, "sampling pixels": 0.0}  # fmt: skip


BEHIND = [
    [],
    [{"RandomRotate": {"degrees": [-40, 40], "expand_canvas": False, "p": 1.0}}],
    [{"RandomHorizontalFlip": {"p": 0.5}}, {"RandomScale": {"scale_range": [0.3, 2.0], "p": 1.0}},
     {"RandomCropWithBBox": {"crop_size": [200, 240], "p": 1.0}}],
    [{"RandomColorAdjust": {"brightness": 0.2, "saturation": 0.2}}, {"RandomWindow": {"size": [150, 200], "p": 0.5}}],
]  # fmt: skip


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Folder of six JPEG files with smooth content, so that another order of interpolations changes little."""
    folder, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    lines = []
    for i in range(6):
        image = cv2.resize(rng.integers(0, 256, (8, 10, 3), np.uint8), (400, 320), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{i}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 98])
        texts = [{"points": np.rint(polygon(rng, (320, 400), 4 + i, 40)).tolist(), "transcription": f"{i}{k}"}
                 for k in range(3)]  # fmt: skip
        lines.append(format_label_line(f"{i}.jpg", texts) + "\n")
    (folder / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def ops_with(behind):
    return ["DecodeImage", "DetLabelEncode", {"CopyPaste": {"objects_paste_ratio": 1.0}}, *behind]


def pasting(folder, behind):
    return DetDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=ops_with(behind), seed=2)


@pytest.mark.parametrize("behind", BEHIND, ids=["alone", "rotated", "cropped", "window"])
def test_with_the_ops_behind_it_in_one_pass(photographs, behind):
    """The polygons of ops run one after the other, exactly; their pixels but for interpolation."""
    together, alone = pasting(photographs, behind), pasting(photographs, behind)
    alone.pipeline = Pipeline(ops_with(behind), None, DetDataset.provided_keys, fuse=False)
    pasted = 0
    for i in range(6):
        for epoch in range(4):
            one, two = together.get(i, epoch), alone.get(i, epoch)
            assert one["texts"] == two["texts"]
            np.testing.assert_array_equal(one["ignore_tags"], two["ignore_tags"])
            for here, there in zip(one["polys"], two["polys"], strict=True):
                np.testing.assert_array_equal(here, there)
            pasted += sum(not text.startswith(str(i)) for text in one["texts"])
            apart = np.abs(one["image"].astype(int) - two["image"].astype(int)).max(axis=2)
            # Along the outlines a pixel may belong to the text or to what is behind it.
            assert np.mean(apart > 12) < (0.0 if not behind else 0.03) + 1e-9
    assert pasted > 10


def test_the_other_image_is_decoded_only_where_it_is_seen(photographs, monkeypatch):
    decoded = []
    decode = read.decode
    monkeypatch.setattr(read, "decode", lambda path, *rest: decoded.append(str(path)) or decode(path, *rest))
    window = [{"RandomWindow": {"size": [60, 60], "p": 1.0}}]
    data = pasting(photographs, window)
    counts = []
    for epoch in range(20):
        decoded.clear()
        texts = data.get(0, epoch)["texts"]
        assert decoded[0].endswith("0.jpg")
        counts.append((len(decoded), any(not text.startswith("0") for text in texts)))
    assert {many for many, _ in counts} == {1, 2}
    assert not [each for each in counts if each == (1, True)]


def test_reduced_images_are_decoded_reduced(photographs, monkeypatch):
    factors = []
    open_image = DecodeImage.open

    def opened(self, sample):
        picture = open_image(self, sample)
        return Picture(picture.size, lambda f: factors.append(f) or picture.decode(f), picture.largest_factor)

    monkeypatch.setattr(DecodeImage, "open", opened)
    small = pasting(photographs, [{"RandomScale": {"scale_range": [0.25, 0.25], "p": 1.0}}])
    for epoch in range(5):
        small.get(1, epoch)
    assert set(factors) == {4} and len(factors) > 5


def test_an_image_that_fails_when_it_is_decoded_is_named(photographs, monkeypatch):
    open_image = DecodeImage.open

    def opened(self, sample):
        picture, path = open_image(self, sample), sample["img_path"]

        def fail(factor):
            if not path.endswith("0.jpg"):
                raise DataError(f"{path}: damaged")
            return picture.decode(factor)

        return Picture(picture.size, fail, picture.largest_factor)

    monkeypatch.setattr(DecodeImage, "open", opened)
    data = pasting(photographs, [])
    with pytest.raises(DataError, match=r"[1-5].jpg: damaged$"):
        for epoch in range(20):
            data.get(0, epoch)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objects_paste_ratio": 0.0}, "CopyPaste: objects_paste_ratio must be in"),
        ({"degrees": [10.0, 0.0]}, "CopyPaste: degrees must be two ascending numbers"),
        ({"p": 2.0}, "CopyPaste: p must be a probability"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ConfigError, match=message):
        TRANSFORMS.build({"name": "CopyPaste", **arguments})
