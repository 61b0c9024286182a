"""What the commands of prediction choose: images, folders, batches, and the settings of a named model."""

import pytest

from mindocr.config.schema import Predict
from mindocr.errors import ConfigError
from mindocr.inference import predict


def test_unknown_algorithm():
    with pytest.raises(ConfigError, match=r"unknown algorithm 'DB\+'.*did you mean 'DB\+\+'"):
        predict.algorithm_config("DB+")


SECTION = Predict(
    output_save_dir="found",
    dataset={
        "type": "PredictDataset",
        "data_dir": "photos",
        "dataset_root": "data",
        "recursive": True,
        "sample_ratio": 0.5,
        "on_error": "stop",
        "transform_pipeline": [],
        "output_columns": ["image"],
    },
    loader={"batch_size": 4, "num_workers": 0},
)


def test_a_configuration_names_images_folder_and_batches():
    task = predict.plan(SECTION)
    assert task.dataset == {
        "data_dir": "photos", "dataset_root": "data", "recursive": True, "sample_ratio": 0.5, "on_error": "stop"
    }  # fmt: skip
    assert task.folder == "found" and task.loader == {"num_workers": 0, "prefetch": 2, "batch_size": 4}


def test_options_override_the_configuration():
    task = predict.plan(SECTION, "a.jpg", "here", 2, recursive=None, on_error="skip")
    assert task.dataset == {
        "data_dir": "a.jpg", "dataset_root": "", "recursive": True, "sample_ratio": 0.5, "on_error": "skip"
    }  # fmt: skip
    assert (task.folder, task.loader["batch_size"]) == ("here", 2)
    assert predict.plan(None, "a.jpg") == predict.Task(
        {"data_dir": "a.jpg", "dataset_root": ""}, "./inference_results", {"batch_size": 1}
    )


def test_images_must_be_named():
    with pytest.raises(
        ConfigError, match="--image_dir: required, because no configuration names predict.dataset.data_dir"
    ):
        predict.plan(None)
    with pytest.raises(ConfigError, match="--image_dir: expected an image, a folder or a pattern, got ''"):
        predict.plan(None, "")


def test_overrides_change_the_settings_of_a_named_model():
    words = [
        "postprocess.box_thresh=0.4", "system.mode=1", "predict.loader.batch_size=3",
        "predict.dataset.transform_pipeline.DetResize.limit_side_len=64",
    ]  # fmt: skip
    config = predict.algorithm_config("db", words)
    assert config.postprocess["box_thresh"] == 0.4 and config.postprocess["binary_thresh"] == 0.3
    assert (config.system.mode, config.predict.loader.batch_size) == (1, 3)
    resize = next(op["DetResize"] for op in config.predict.dataset["transform_pipeline"] if "DetResize" in op)
    assert (resize["limit_side_len"], resize["limit_type"]) == (64, "max")
    assert predict.algorithm_config("DB").postprocess["box_thresh"] == 0.6, "the table does not change"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("postprocess.box_tresh=0.4", r"--det_algorithm DB: 1 problem\n  postprocess.box_tresh: .*mean 'box_thresh'"),
        ("system.moode=1", r"system.moode: unknown key 'moode' \(did you mean 'mode'\?\)"),
        ("predict.dataset.recursiv=True", "PredictDataset has no argument 'recursiv' .*did you mean 'recursive'"),
        ("predict.dataset.on_error=go", "predict.dataset.on_error: .*got 'go'"),
        ("predict.dataset.transform_pipeline.DetResize.limit=3", "DetResize has no argument 'limit'"),
        ("postproces.box_thresh=1", r"unknown key 'postproces' \(did you mean 'postprocess'\?\)"),
        ("model.neck.out_channels=8", "a named model has no section 'model'; name a configuration with -c FILE"),
        ("postprocess", "expected dotted.key=value"),
    ],
)
def test_mistakes_in_overrides_of_a_named_model(word, message):
    with pytest.raises(ConfigError, match=message):
        predict.algorithm_config("DB", [word])


def test_a_value_out_of_range_is_told_before_weights_are_loaded():
    config = predict.algorithm_config("DB", ["postprocess.box_thresh=7"])
    with pytest.raises(ConfigError, match="box_thresh: expected 0 to 1, got 7"):
        predict.choose(config, "DB", "nowhere.ckpt")
