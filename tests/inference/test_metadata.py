"""Metadata of model files."""

import pytest

from mindocr.config import load_config
from mindocr.errors import ConfigError
from mindocr.inference import metadata
from mindocr.inference.pipeline import default_pipeline

SECTION = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_by_height": [[8, 1.8], [32, 1.5]]}


def test_texts_and_back():
    stored = {"outputs": ["prob"], "postprocess": SECTION, "pipeline": default_pipeline(), "model": "dbnet_resnet18"}
    texts = metadata.to_texts(stored)
    assert texts["mindocr.model"] == '"dbnet_resnet18"'
    assert metadata.from_texts({**texts, "mindocr.crc32": "0a0b0c0d", "other.model": "x"}) == stored
    assert metadata.from_texts({}) == {}


@pytest.mark.parametrize("text", ["{", '"prob"'])
def test_an_entry_that_is_something_else_is_refused(text):
    with pytest.raises(ValueError):
        metadata.from_texts({"mindocr.outputs": text})


def test_names_of_outputs():
    assert metadata.output_names({"outputs": ["a", "b"]}, ["x", "y"]) == ("a", "b")
    assert metadata.output_names({}) == metadata.output_names({}, ["sigmoid_0.tmp_0"]) == ("prob",)
    assert metadata.output_names({}, ["x", "y"]) == ("x", "y")


def test_a_configuration_says_how_images_of_any_and_of_one_size_are_read(repo_root):
    values = load_config(repo_root / "configs/det/dbnet/db_r50_icdar15.yaml").model_dump()
    free, fixed = metadata.of_sections(values), metadata.of_sections(values, fixed_size=True)
    assert free["postprocess"] == fixed["postprocess"] == values["postprocess"]
    assert free["pipeline"] == values["predict"]["dataset"]["transform_pipeline"]
    assert [next(iter(op)) for op in fixed["pipeline"]] == ["DecodeImage", "DetResize", "NormalizeImage", "ToCHWImage"]
    assert fixed["pipeline"][1]["DetResize"]["target_size"] == [736, 1280]
    assert metadata.of_sections({"predict": None, "postprocess": None}) == {"pipeline": default_pipeline()}


def test_what_a_file_does_not_hold_comes_from_the_name_of_its_model():
    found = metadata.completed({"model": "dbnet_ppocrv3", "outputs": ["prob"]}, (-1, -1))
    assert found["postprocess"]["box_thresh"] == 0.9
    assert found["pipeline"] == default_pipeline(736, "min", blue_first=True)
    assert metadata.completed({"model": "dbnet_ppocrv3", "postprocess": SECTION}, (-1, -1))["postprocess"] == SECTION
    assert metadata.completed({"outputs": ["prob"]}, (-1, -1)) == {"outputs": ["prob"]}


def test_a_configuration_counts_in_place_of_what_a_file_holds(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("postprocess: {name: DBPostprocess, box_type: poly}\n", encoding="utf-8")
    found = metadata.completed({"postprocess": SECTION, "outputs": ["prob"]}, (-1, -1), path)
    assert found["postprocess"] == {"name": "DBPostprocess", "box_type": "poly"}
    assert found["outputs"] == ["prob"]
    with pytest.raises(ConfigError, match="none.yaml"):
        metadata.completed({}, (-1, -1), tmp_path / "none.yaml")
