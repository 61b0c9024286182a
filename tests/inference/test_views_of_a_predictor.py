"""Views of a predictor: files and arrays, channel order, broken images, warnings about small texts."""

import logging

import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box, write

from mindocr.errors import ConfigError, DataError
from mindocr.inference import run as prediction
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.inference.small_texts import SmallTexts
from mindocr.inference.view_options import ViewOptions
from mindocr.postprocess.db import DBPostprocess

BOX = (100, 400, 1200, 430)


def finder(options=None, pipeline=None, runner=None):
    made = Predictor(runner or BrightIsText(), DBPostprocess(expand_ratio=0.0, box_thresh=0.5),
                     pipeline or default_pipeline(256))  # fmt: skip
    made.use_views(options or ViewOptions(tile="auto"))
    return made


def test_files_arrays_and_folders_give_the_same(tmp_path):
    path = write(tmp_path / "a/large.png", size=(900, 1300), box=BOX)
    by_path, by_array = finder()(path), finder()(white_box((900, 1300), BOX))
    (of_folder,) = finder()(tmp_path / "a")
    for result in (by_path, by_array, of_folder):
        np.testing.assert_allclose(result.polygons if hasattr(result, "polygons") else result.prediction.polys,
                                   [[[100, 400], [1200, 400], [1200, 430], [100, 430]]], atol=1.5)  # fmt: skip
        assert result.image_size == (900, 1300)
        assert result.draw().shape == (900, 1300, 3)


def test_the_network_gets_the_channels_in_its_order(tmp_path):
    image = np.zeros((300, 500, 3), np.uint8)
    image[..., 0] = 200  # red
    for mode, bright in (("RGB", 0), ("BGR", 2)):
        pipeline = [{"DecodeImage": {"img_mode": mode}}, *default_pipeline(256)[1:]]
        runner = BrightIsText()
        finder(ViewOptions(tile=128), pipeline, runner)(image)
        assert all(each.argmax(axis=0)[0, 0] == bright for each in runner.seen)


def test_a_run_writes_results_and_names_broken_images(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    write(tmp_path / "in/large.png", size=(900, 1300), box=BOX)
    (tmp_path / "in/broken.png").write_bytes(b"no image")
    outcome = prediction.run(finder(), tmp_path / "in", tmp_path / "out", warmup=True)
    assert (outcome.images, outcome.results, outcome.exit_code) == (1, 1, 1)
    assert "broken.png" in outcome.skipped[0] and (tmp_path / "out/large_det_res.png").is_file()
    assert "1 of 1 images in tiles" in caplog.text
    with pytest.raises(DataError, match="broken.png"):
        prediction.run(finder(), {"data_dir": str(tmp_path / "in"), "on_error": "stop"}, tmp_path / "out")


def test_one_view_changes_nothing():
    made = finder(ViewOptions())
    assert made._views is None and made(white_box()).image_size == (240, 640)


def test_a_large_image_that_is_reduced_gets_a_warning(caplog, tmp_path):
    usual = Predictor(BrightIsText(), DBPostprocess(), default_pipeline(256))
    write(tmp_path / "in/small.png", size=(256, 600))
    prediction.run(usual, tmp_path / "in", tmp_path / "out")
    assert "reduced" not in caplog.text  # by 0.43: texts of 20 pixels are still 8 pixels high
    for name in "abc":
        write(tmp_path / f"in/{name}.png", size=(500, 1000))
    prediction.run(usual, tmp_path / "in", tmp_path / "out")
    told = [record.getMessage() for record in caplog.records if "reduced" in record.getMessage()]
    assert len(told) == 2
    assert "a.png: 1000 x 500 pixels (w x h) are reduced to 0.26 of their size" in told[0]
    assert "less than 31 pixels high become smaller than 8 and may be missed; use --tile auto" in told[0]
    assert told[1].startswith("2 further images reduced so far")
    caplog.clear()
    prediction.run(finder(), tmp_path / "in", tmp_path / "out")
    assert "reduced" not in caplog.text


def test_the_limit_of_the_warning_by_hand(caplog):
    texts = SmallTexts()
    texts.look(["kept"], [np.array([100, 100, 0.4, 0.4])])
    assert not caplog.text
    texts.look(["lost"], [np.array([100, 100, 0.39, 1.0])])
    assert "lost: 100 x 100 pixels" in caplog.text


def test_views_have_no_buckets(tmp_path):
    path = write(tmp_path / "large.png", size=(900, 1300), box=BOX)
    predictor = finder()
    runner = predictor.runner
    predictor.use_buckets("auto", [path])
    assert predictor.runner is runner and predictor.plan() == []
    with pytest.raises(ConfigError, match="buckets: not with tiles, scales or mirrored views"):
        predictor.use_buckets([(256, 256)], [path])
    assert [len(found.prediction) for found in predictor.stream([path, path])] == [1, 1]
