"""The dictionary of a run: where it comes from, and which parts get it."""

from __future__ import annotations

import pytest
from mindspore import Parameter, Tensor

from mindocr.config import Config, load_config
from mindocr.config.yaml_io import dump_yaml, parse_yaml
from mindocr.errors import ConfigError, DataError
from mindocr.inference.dictionary import complete
from mindocr.models import weights
from mindocr.models.ckpt_entries import RUN_ENTRY, SETTINGS_ENTRY, pack

KEY = "eval.ckpt_load_path"


@pytest.fixture
def recipe(repo_root):
    def build(*overrides: str, classes: int = 4) -> Config:
        path = repo_root / "configs/rec/ppocr/ppocrv3_rec_mobile.yaml"
        return load_config(path, [f"model.head.out_channels={classes}", *overrides])

    return build


@pytest.fixture
def checkpoint(monkeypatch):
    """Stores entries as those of the file ``net.ckpt``."""

    def store(entry: str, value: dict) -> str:
        entries = {entry: Parameter(Tensor(pack(value)))}
        monkeypatch.setattr(weights, "read_checkpoint", lambda path: entries if str(path) == "net.ckpt" else {})
        return "net.ckpt"

    return store


def shared(config: Config) -> list:
    """What the post-processing, the metric and the op that encodes labels know."""
    (encode,) = [op["RecLabelEncode"] for op in config.train.dataset["transform_pipeline"] if "RecLabelEncode" in op]
    return [(part["characters"], part["use_space_char"]) for part in (config.postprocess, config.metric, encode)]


@pytest.mark.parametrize("entry", [SETTINGS_ENTRY, RUN_ENTRY])
def test_the_dictionary_of_the_checkpoint_reaches_every_part(recipe, checkpoint, entry):
    section = {"name": "CTCDecode", "characters": ["字", "\u3000"], "use_space_char": True}
    value = {"postprocess": section} if entry == SETTINGS_ENTRY else {"config": {"postprocess": section}}
    config = complete(recipe(), checkpoint(entry, value), KEY)
    assert shared(config) == [("字\u3000", True)] * 3
    assert parse_yaml(dump_yaml(config.model_dump()), "x") == config.model_dump()


def test_a_file_is_read_and_comes_before_the_checkpoint(recipe, tmp_path):
    (tmp_path / "keys.txt").write_bytes("é\r\nb\r\nc".encode())
    config = recipe(f"postprocess.character_dict_path={tmp_path}/keys.txt", "postprocess.use_space_char=False")
    completed = complete(config, "no such file", KEY)
    assert shared(completed) == [("ébc", False)] * 3
    assert "character_dict_path" not in completed.postprocess
    assert complete(completed, None, KEY) == completed


def test_the_space_of_the_configuration_comes_first(recipe, checkpoint):
    file = checkpoint(SETTINGS_ENTRY, {"postprocess": {"characters": "ab", "use_space_char": True}})
    config = recipe("postprocess={name: CTCDecode, use_space_char: False}", classes=3)
    assert shared(complete(config, file, KEY)) == [("ab", False)] * 3


def test_entries_of_several_characters_stay_a_list(recipe):
    config = recipe("postprocess={name: CTCDecode, characters: [a, ae]}")
    assert shared(complete(config, None, KEY)) == [(["a", "ae"], True)] * 3


def test_a_part_keeps_its_own_dictionary(recipe):
    config = recipe("postprocess={name: CTCDecode, characters: ab}", "metric.characters=abc")
    assert complete(config, None, KEY).metric == {"name": "RecMetric", "main_indicator": "acc", "characters": "abc"}


def test_other_tasks_stay_as_they_are(repo_root):
    config = load_config(repo_root / "configs/det/dbnet/db_r18_icdar15.yaml")
    assert complete(config, "no such file", KEY) is config


def test_no_dictionary(recipe, checkpoint):
    with pytest.raises(ConfigError, match=r"no character dictionary is given, and eval\.ckpt_load_path names no check"):
        complete(recipe(), None, KEY)
    file = checkpoint(SETTINGS_ENTRY, {"postprocess": {"name": "DBPostprocess"}})
    with pytest.raises(ConfigError, match=r"'net\.ckpt' \(eval\.ckpt_load_path\) holds none; set it to a file"):
        complete(recipe(), file, KEY)
    with pytest.raises(DataError, match=r"keys\.txt: no character dictionary"):
        complete(recipe("postprocess.character_dict_path=no/keys.txt"), None, KEY)
    with pytest.raises(ConfigError, match="give either characters or character_dict_path, not both"):
        complete(recipe("postprocess.character_dict_path=keys", "postprocess.characters=ab"), None, KEY)


def test_a_dictionary_of_another_size_than_the_head(recipe, tmp_path):
    (tmp_path / "keys.txt").write_text("a\nb\nc\n", encoding="utf-8")
    config = recipe(f"postprocess.character_dict_path={tmp_path}/keys.txt", classes=6625)
    with pytest.raises(ConfigError, match=r"^model\.head\.out_channels: 6625 classes, but .*keys\.txt needs 5: its ch"):
        complete(config, None, KEY)
