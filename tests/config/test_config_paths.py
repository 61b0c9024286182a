"""``~`` in a configuration: in every key, with every problem in one message."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.config import load_config
from mindocr.config.parts import OPEN_PARTS, lookup
from mindocr.config.paths import expand_paths, is_path_key
from mindocr.config.wording import field_paths
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError
from mindocr.registry import LOGGERS, TRANSFORMS

# Keys that may be texts and are no paths, of the fixed sections and of the constructors of all parts. A new key either
# belongs here, or has a name by which ``is_path_key`` recognises a path.
OTHER_TEXTS = {
    "type", "use", "protocol", "protocol_args", "transform_pipeline", "output_columns", "cache_limit",
    "project", "entity", "run_name", "alpha", "characters", "no_weight_decay_params",
    "label_list", "samples_of", "output", "outputs", "target", "names", "frozen",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    return str(tmp_path / "me")


def takes_text(annotation: Any) -> bool:
    if annotation is str:
        return True
    origin = typing.get_origin(annotation)
    return origin not in (typing.Literal, dict) and any(map(takes_text, typing.get_args(annotation)))


def text_keys() -> dict[str, str]:
    """Dotted path -> last key, of everything that may be a text."""
    keys = {path: path.rpartition(".")[2] for path, field in field_paths() if takes_text(field.annotation)}
    for place, registry in [(p.path, p.registry) for p in OPEN_PARTS] + [("ops", TRANSFORMS), ("loggers", LOGGERS)]:
        for name in registry.names():
            constructor: Any = registry.get(name).__init__  # type: ignore[misc]
            hints = typing.get_type_hints(constructor) if inspect.isfunction(constructor) else {}
            own = {key for key, hint in hints.items() if key not in (*registry.provided, "return") and takes_text(hint)}
            keys.update({f"{place}.{name}.{key}": key for key in own})
    return keys


def test_every_key_of_a_text_is_known_as_a_path_or_as_another_text() -> None:
    keys = text_keys()
    assert {"train.ckpt_save_dir", "eval.dataset.DetDataset.label_file", "loggers.wandb.project"} <= keys.keys()
    assert {"model.networks.*.pretrained", "train.dataset.DetDataset.cache_dir"} <= keys.keys()
    unknown = {path for path, key in keys.items() if is_path_key(key) == (key in OTHER_TEXTS)}
    assert not unknown, "give these keys names that is_path_key recognises, or add them to OTHER_TEXTS"


def test_the_sign_is_replaced_in_every_key(home: str) -> None:
    for path in text_keys():
        values: Any = "~/x"
        for key in reversed(path.split(".")):
            values = {key: [values, {"inner": values}]}
        found, problems = expand_paths(values)
        assert not problems and "~" not in repr(found) and f"{home}/x" in repr(found)


texts = st.text(alphabet="~ab/.$", max_size=6)
trees = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
)


@given(trees)
def test_a_tree_keeps_its_shape_and_no_text_begins_with_the_sign_and_a_slash(values: Any) -> None:
    def compare(old: Any, new: Any) -> None:
        if isinstance(old, dict):
            assert list(old) == list(new)
            for key in old:
                compare(old[key], new[key])
        elif isinstance(old, list):
            assert len(old) == len(new)
            for each, other in zip(old, new):
                compare(each, other)
        elif isinstance(old, str) and old.startswith("~/"):
            assert new.endswith(old[1:]) and not new.startswith("~")
        elif not (isinstance(old, str) and old.startswith("~")):
            assert new == old

    compare(values, expand_paths(values)[0])


def test_files_overrides_lists_loggers_and_base_files(raw: dict[str, Any], home: str, tmp_path: Path) -> None:
    (tmp_path / "me").mkdir()
    raw["train"]["dataset"].update(dataset_root="~/data", data_dir=["a", "~/b"], label_file=["a.txt", "~/b.txt"])
    raw["train"]["loggers"] = ["csv", {"name": "mine:Logger", "place": "~/log"}]
    raw["model"]["backbone"]["pretrained"] = "~/weights.ckpt"
    (tmp_path / "me/base.yaml").write_text(dump_yaml(raw), encoding="utf-8")
    (tmp_path / "me/own.yaml").write_text("base: ~/base.yaml\n", encoding="utf-8")
    config = load_config("~/own.yaml", ["train.ckpt_save_dir=~/run", "train.resume=~/run/train_state.ckpt"])
    assert config.train.ckpt_save_dir == f"{home}/run"
    assert config.train.resume == f"{home}/run/train_state.ckpt"
    assert config.train.loggers[1] == {"name": "mine:Logger", "place": f"{home}/log"}
    values = config.model_dump()
    assert lookup(values, "model.backbone.pretrained") == f"{home}/weights.ckpt"
    assert lookup(values, "train.dataset.data_dir") == ["a", f"{home}/b"]
    assert lookup(values, "train.dataset.label_file") == ["a.txt", f"{home}/b.txt"]


def test_paths_that_cannot_work_are_reported_together(raw: dict[str, Any], tmp_path: Path) -> None:
    raw["train"]["ckpt_save_dir"] = "$HOME/run"
    raw["train"]["dataset"].update(dataset_root=r"C:\data", data_dir=r"train\img", label_file="~no-such-user/gt.txt")
    (tmp_path / "f.yaml").write_text(dump_yaml(raw), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "f.yaml")
    head, *lines = str(caught.value).splitlines()
    assert head.endswith("f.yaml: 4 problems")
    assert sorted(lines) == [
        r"  train.ckpt_save_dir: the environment variable '$HOME' is not replaced in a configuration; write the path "
        r"itself, or '~' for the home folder, got '$HOME/run'",
        r"  train.dataset.data_dir: folders are separated by '/' here, not by a backslash, got 'train\\img'",
        r"  train.dataset.dataset_root: this is a path of Windows; write a path of this system, such as "
        r"/home/me/data, got 'C:\\data'",
        "  train.dataset.label_file: '~no-such-user/gt.txt' begins with the home folder '~no-such-user', but this "
        "system has no such user",
    ]


def test_a_backslash_in_another_text_is_no_path() -> None:
    assert expand_paths({"metric": {"protocol_args": {"pattern": r"\d+"}}})[1] == []
