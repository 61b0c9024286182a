"""A runner with buckets: what the network sees, and that nobody else notices."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from bright_is_text import BrightIsText, write

from mindocr.errors import ConfigError
from mindocr.inference import predict
from mindocr.inference.bucketed import Bucketed, black, compile_graphs
from mindocr.inference.buckets import padding_share
from mindocr.inference.network_sizes import buckets_for, network_sizes
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.postprocess.db import DBPostprocess


class SeesEverything(BrightIsText):
    """A map of half the size beside ``prob``; keeps the shapes and the last batch."""

    output_names = ("prob", "half")

    def __init__(self):
        super().__init__()
        self.batches = []

    def __call__(self, images):
        self.batches.append(np.asarray(images).copy())
        found = super().__call__(images)
        return {**found, "half": [each[:, ::2, ::2] for each in found["prob"]]}


def test_an_image_lies_in_the_corner_of_its_bucket_and_its_maps_are_cut_out():
    inner = SeesEverything()
    runner = Bucketed(inner, [(64, 96), (96, 64)], batch_size=2)
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(3, *size)).astype(np.float32) for size in ((64, 64), (32, 96), (96, 32))]
    outputs = runner(images)
    assert [batch.shape for batch in inner.batches] == [(2, 3, 64, 96), (2, 3, 96, 64)]
    first, second = inner.batches
    np.testing.assert_array_equal(first[0, :, :64, :64], images[0])
    assert not first[0, :, :, 64:].any() and not first[1, :, 32:].any() and not second[1].any()
    for i, image in enumerate(images):
        expected = BrightIsText()([image])["prob"][0]
        np.testing.assert_array_equal(outputs["prob"][i], expected)
        np.testing.assert_array_equal(outputs["half"][i], expected[:, ::2, ::2])
    assert list(runner.shapes) == [(2, 3, 64, 96), (2, 3, 96, 64)]
    own = 64 * 64 + 32 * 96 + 96 * 32
    assert runner.padding == pytest.approx(1 - own / (2 * 64 * 96 + 2 * 96 * 64))


def test_the_padding_is_black_after_normalisation():
    normalise = {"NormalizeImage": {"mean": [100.0, 120.0, 140.0], "std": [50.0, 60.0, 35.0]}}
    ops = make([*default_pipeline(320)[:2], normalise, *default_pipeline(320)[3:]]).preparation.ops
    assert black(ops) == (-2, -2, -4)
    inner = SeesEverything()
    Bucketed(inner, [(32, 64)], batch_size=2, colour=black(ops))([np.ones((3, 32, 32), np.float32)])
    assert inner.batches[0][0, :, :, 32:].reshape(3, -1).tolist() == [[-2.0] * 1024, [-2.0] * 1024, [-4.0] * 1024]
    assert not inner.batches[0][1].any()  # fills up the batch
    assert black(make(default_pipeline(320)[:2] + default_pipeline(320)[3:]).preparation.ops) == (0, 0, 0)


def test_a_batch_that_is_too_long_is_divided():
    inner = SeesEverything()
    outputs = Bucketed(inner, [(32, 32)], batch_size=2)([np.full((3, 32, 32), n, np.float32) for n in (1, -1, 1)])
    assert [len(batch) for batch in inner.batches] == [2, 2]
    assert [int(each.max()) for each in outputs["prob"]] == [1, 0, 1]


def test_an_image_that_is_too_large_is_reduced_and_its_map_enlarged(caplog):
    runner = Bucketed(BrightIsText(), [(64, 64)])
    image = np.full((3, 128, 64), -1, np.float32)
    image[:, :64] = 1
    (found,) = runner([image])["prob"]
    assert found.shape == (1, 128, 64) and found[0, :60].min() == 1 and found[0, 68:].max() == 0
    assert caplog.messages == [
        "an image of 128 x 64 pixels (h x w) fits into none of the buckets 64 x 64: it is reduced to 64 x 32"
    ]


def test_the_log_says_what_the_network_was_given(caplog):
    runner = Bucketed(SeesEverything(), [(32, 32), (32, 64)], batch_size=3)
    with caplog.at_level(logging.INFO):
        compile_graphs([runner.plan()])  # NumPy compiles nothing
        runner.tell()
        runner([np.zeros((3, 32, 64), np.float32)])
        runner.tell()
    assert list(runner.shapes) == [(3, 3, 32, 64)]
    assert caplog.messages == ["1 input shape given to the network, 66.7 % of the pixels are padding"]


def test_networks_of_mindspore_compile_the_shapes_themselves(caplog):
    first, second, told = BrightIsText(), BrightIsText(), []
    first.compile_together = told.extend
    second.compile_together = None
    buckets = Bucketed(first, [(32, 32 * i) for i in range(1, 4)], batch_size=2)
    with caplog.at_level(logging.INFO):
        compile_graphs([buckets.plan(), (BrightIsText(), [(1, 3, 8, 8)]), (second, [(6, 3, 48, 320)])])
    assert told == [(first, [(2, 3, 32, 32), (2, 3, 32, 64), (2, 3, 32, 96)]), (second, [(6, 3, 48, 320)])]
    assert first.seen == [] and caplog.messages[0].startswith("4 graphs compiled: ")


def test_networks_without_maps_and_of_one_size_are_refused():
    class Words(BrightIsText):
        def __call__(self, images):
            return {"prob": [np.zeros((7, 5)) for _ in images]}

    with pytest.raises(ConfigError, match=r"the output 'prob' of shape \(7, 5\) is no map .* leave out --buckets"):
        Bucketed(Words(), [(32, 32)])([np.zeros((3, 32, 32), np.float32)])
    with pytest.raises(ConfigError, match="buckets: this network takes only images of 96 x 160 pixels"):
        Bucketed(BrightIsText((96, 160)), [(32, 32)])
    with pytest.raises(ConfigError, match="expected at least one size"):
        Bucketed(BrightIsText(), [])


def make(pipeline=None, runner=None):
    return Predictor(
        runner or BrightIsText(), DBPostprocess(box_thresh=0.5, expand_ratio=0.0), pipeline or default_pipeline(320)
    )


def test_sizes_are_those_that_the_network_would_see(tmp_path):
    """Of JPEG, PNG and one turned by its EXIF data; an image without a header does not count."""
    write(tmp_path / "a.png", size=(240, 640))
    write(tmp_path / "b.jpg", size=(300, 200))
    turned = (tmp_path / "b.jpg").read_bytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    (tmp_path / "c.jpg").write_bytes(turned[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + turned[2:])
    (tmp_path / "d.png").write_bytes(b"no image")
    finder = make()
    paths = [str(tmp_path / name) for name in ("a.png", "b.jpg", "c.jpg", "d.png", "e.png")]
    sizes = network_sizes(finder.preparation.ops, paths)
    assert sizes == [(128, 320), (320, 224), (224, 320)]
    shapes = []
    finder.runner = lambda images: shapes.extend(each.shape[1:] for each in images) or BrightIsText()(images)
    finder(paths[:3])
    assert shapes == sizes
    ignoring = make([{"DecodeImage": {"img_mode": "RGB", "ignore_orientation": True}}, *default_pipeline(320)[1:]])
    assert network_sizes(ignoring.preparation.ops, paths[2:3]) == [(320, 224)]


def test_no_buckets_where_sizes_cannot_be_known(tmp_path, caplog):
    write(tmp_path / "a.png")
    assert buckets_for(make().preparation.ops, [str(tmp_path / "none.png")]) == []
    lines = make([*default_pipeline(320)[:1], {"ResizeTextLine": {}}, *default_pipeline(320)[1:]])
    assert buckets_for(lines.preparation.ops, [str(tmp_path / "a.png")]) == []
    assert caplog.messages == [
        "buckets: none are chosen, because no header states a size",
        "buckets: none are chosen, because the size after the op ResizeTextLine is not known before",
    ]


def test_forty_photographs_of_forty_sizes(tmp_path):
    """At most six shapes, the same polygons as without buckets, and the padding that was foretold."""
    rng = np.random.default_rng(1)
    sizes = [(int(h), int(w)) for h, w in rng.integers(100, 330, (40, 2))]
    for number, (h, w) in enumerate(sizes):
        write(tmp_path / "in" / f"{number:02}.png", size=(h, w), box=(w // 4, h // 4, w // 2, h // 2))
    own, inner = make(), SeesEverything()
    finder = make(runner=inner)
    paths = sorted(str(path) for path in (tmp_path / "in").iterdir())
    expected = [(path, found.polys) for path, _, found in own.images(str(tmp_path / "in"))]
    finder.use_buckets("auto", paths)
    runner = finder.runner
    found = [(path, each.polys) for path, _, each in finder.images(str(tmp_path / "in"))]
    assert len(runner.shapes) <= 6 and {batch.shape for batch in inner.batches} == set(runner.shapes)
    assert runner.padding == pytest.approx(padding_share(network_sizes(own.preparation.ops, paths), runner.buckets))
    assert runner.padding < 0.25
    assert [path for path, _ in found] == [path for path, _ in expected] == paths
    for (_, polys), (_, others) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(polys, others)
    finder.use_buckets([(320, 320)], paths)
    assert finder.runner.runner is inner and finder.runner.buckets == [(320, 320)]


def test_a_run_says_what_the_network_was_given(tmp_path, caplog):
    write(tmp_path / "in/a.png")
    with caplog.at_level(logging.INFO):
        predict.run(make(), str(tmp_path / "in"), tmp_path / "out", draw=False, buckets="auto", batch_size=2)
    assert "1 image of 1 size: buckets 128 x 320 (h x w), 0.0 % padding" in caplog.messages
    assert "1 input shape given to the network, 50.0 % of the pixels are padding" in caplog.messages


def test_a_network_of_one_size_needs_no_buckets(tmp_path):
    finder = make()
    finder.runner = BrightIsText((96, 160))
    finder.use_buckets("auto", [])
    assert isinstance(finder.runner, BrightIsText)
