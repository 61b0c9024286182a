"""TextDetector: load, call, read, whatever the model file is."""

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box

from mindocr.errors import ConfigError, UserError
from mindocr.inference import detector as module
from mindocr.inference import predict
from mindocr.inference.detector import TextDetector
from mindocr.inference.pipeline import default_pipeline

SETTINGS = {
    "postprocess": {"name": "DBPostprocess", "box_thresh": 0.5, "expand_ratio": 0.0},
    "pipeline": default_pipeline(320),
}


def same(result, found):
    assert len(result) == len(found) > 10
    for ours, theirs in zip(result.polygons, found.polys):
        np.testing.assert_allclose(ours, theirs, atol=0.01)
    np.testing.assert_allclose(result.scores, found.scores, atol=1e-4)


def test_a_checkpoint_gives_what_prediction_by_configuration_gives(recipe, photo):
    ((_, _, found),) = predict.from_config(recipe.config, recipe.ckpt).images(photo)
    detector = TextDetector(recipe.ckpt)
    same(detector(photo), found)
    same(detector(cv2.imread(str(photo))[..., ::-1]), found)
    (result,) = detector([photo])
    same(result, found)
    assert result.image_size == (160, 200)
    assert result.draw().shape == (160, 200, 3)
    same(TextDetector(recipe.path)(photo), found)


def test_an_exported_file_gives_what_the_checkpoint_gives(recipe, photo, tmp_path):
    from mindocr.engine.export import exporter

    exporter.run(str(recipe.path), (96, 96), tmp_path / "any", dynamic=True)
    ((_, _, found),) = predict.from_config(recipe.config).images(photo)
    same(TextDetector(tmp_path / "any/recipe.mindir")(photo), found)


def test_an_exported_file_of_one_size_gives_what_the_command_gives(recipe, photo, tmp_path):
    from mindocr.engine.export import exporter

    exporter.run(str(recipe.path), (96, 160), tmp_path / "one")
    exported = tmp_path / "one/recipe.mindir"
    ((_, _, found),) = predict.from_exported(exported, recipe.path).images(photo)
    result = TextDetector(exported)(photo)
    assert len(result) == len(found) > 0
    for ours, theirs in zip(result.polygons, found.polys):
        np.testing.assert_array_equal(ours, theirs)


def test_settings_of_a_call(monkeypatch):
    runner = BrightIsText(metadata=SETTINGS)
    monkeypatch.setattr(module, "open_runner", lambda model, config, ckpt: runner)
    assert TextDetector("a").postprocess.box_thresh == 0.5
    detector = TextDetector("a", limit_side_len=64, box_thresh=0.25, postprocess={"box_type": "poly"})
    assert (detector.postprocess.box_thresh, detector.postprocess.box_type) == (0.25, "poly")
    assert len(detector(white_box())) == 1
    assert runner.seen[0].shape == (3, 32, 64)
    with pytest.raises(ConfigError, match="box_thresh: expected 0 to 1, got 7"):
        TextDetector("a", box_thresh=7.0)


def test_a_model_of_another_task_is_refused(monkeypatch):
    class Words:
        kind = "words"

    class ReadsWords:
        reads, columns, gives = ("prob",), ("shape_list",), Words

    monkeypatch.setattr(module, "open_runner", lambda model, config, ckpt: BrightIsText())
    monkeypatch.setattr(module, "configured", lambda *args: (ReadsWords(), default_pipeline()))
    with pytest.raises(ConfigError, match="'words.onnx' returns words, not text polygons"):
        TextDetector("words.onnx")


def test_a_wrong_model_is_named():
    with pytest.raises(UserError, match=r"'dbnet_resnet5' \(did you mean 'dbnet_resnet50'\?\)"):
        TextDetector("dbnet_resnet5")
