"""The runner of each kind of model file."""

import numpy as np
import pytest
from bright_is_text import BrightIsText

from mindocr.errors import CheckpointError, UserError
from mindocr.inference.runner import open_runner, run_one_by_one


def test_something_else_is_refused_with_what_is_known(tmp_path):
    with pytest.raises(UserError, match=r"photo.jpg.: expected a file that ends in .ckpt, .*, .onnx"):
        open_runner(tmp_path / "photo.jpg")
    with pytest.raises(UserError, match=r"'dbnet_resnet19' \(did you mean 'dbnet_resnet18'\?\): .*DB_PPOCRV3"):
        open_runner("dbnet_resnet19")


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors", "mindir", "onnx"])
def test_a_missing_file_is_named(tmp_path, suffix):
    with pytest.raises(CheckpointError, match=f"none.{suffix}'?: no such file"):
        open_runner(tmp_path / f"none.{suffix}")


def test_arguments_that_do_not_go_with_the_model_are_refused(tmp_path):
    with pytest.raises(UserError, match="config: 'DB' is a configuration or a named model"):
        open_runner("DB", config="recipe.yaml")
    with pytest.raises(UserError, match="config: 'recipe.yaml' is a configuration or a named model"):
        open_runner("recipe.yaml", config="recipe.yaml")
    with pytest.raises(UserError, match="ckpt: expected a named model or a YAML file to use it with, got 'a.mindir'"):
        open_runner("a.mindir", ckpt="best.ckpt")


def test_images_run_one_by_one(tmp_path):
    runner = BrightIsText((4, -1))
    runner.output_names = ("total", "mean")
    images = [np.full((3, 4, width), width, np.float64) for width in (6, 8)]
    shapes = []

    def run(image):
        shapes.append((image.shape, image.dtype))
        return [image.sum((1, 2, 3)), image.mean((1, 2))]

    outputs = run_one_by_one(tmp_path, runner, images, run)
    assert shapes == [((1, 3, 4, 6), np.float32), ((1, 3, 4, 8), np.float32)]
    assert outputs["total"] == [6 * 3 * 4 * 6, 8 * 3 * 4 * 8]
    assert [value.tolist() for value in outputs["mean"]] == [[6] * 6, [8] * 8]
    assert run_one_by_one(tmp_path, runner, [], run) == {"total": [], "mean": []}
    with pytest.raises(UserError, match="takes images of 4 x -1 pixels, but the pipeline returned 5 x 8"):
        run_one_by_one(tmp_path, runner, [np.zeros((3, 5, 8))], run)
    with pytest.raises(CheckpointError, match="has 1 outputs, but its output names are total, mean"):
        run_one_by_one(tmp_path, runner, images, lambda image: [image])
