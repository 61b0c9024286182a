"""Imports that MindOCR's users have in their notebooks: they work, or the error states what to write instead."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mindocr
from mindocr.absent_names import INSTEAD, absent, answer_imports
from mindocr.config import Config
from mindocr.errors import ConfigError, DataError
from mindocr.synthetic import SceneOptions, SetPlan, write_set

WORKING = (
    "from mindocr import build_model, list_models",
    "from mindocr import build_dataset, build_loss, build_metric, build_postprocess, load_config, __version__",
    "from mindocr import data, losses, models, metrics, postprocess, utils",
    "from mindocr.data import build_dataset",
    "from mindocr.data.builder import build_dataset",
    "from mindocr.losses import build_loss",
    "from mindocr.losses.builder import build_loss",
    "from mindocr.metrics import build_metric",
    "from mindocr.metrics.builder import build_metric",
    "from mindocr.models import build_model, list_models",
    "from mindocr.models.builder import build_model",
    "from mindocr.postprocess import build_postprocess",
    "from mindocr.postprocess.builder import build_postprocess",
)


@pytest.mark.parametrize("line", WORKING)
def test_lines_that_work(line: str) -> None:
    names: dict[str, Any] = {}
    exec(line, names)
    assert all(names[word] is not None for word in re.findall(r"\w+", line.partition(" import ")[2]))


@pytest.mark.parametrize("name", INSTEAD)
def test_other_names_are_answered_by_a_sentence(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    for line in (f"from {module} import {attribute}", f"import {name}", f"from {name} import something"):
        if name.startswith("mindocr.utils.visualize.") and not line.startswith("from mindocr.utils.visualize import"):
            continue  # a module of ours, whose names are no modules
        with pytest.raises(ImportError) as caught:
            exec(line, {})
        assert not isinstance(caught.value, ModuleNotFoundError)
        assert str(caught.value) == f"{name} belongs to MindOCR and is not in this package; {INSTEAD[name]}"


@pytest.mark.parametrize("sentence", sorted(set(INSTEAD.values())))
def test_what_the_sentences_say_works(sentence: str) -> None:
    for line, name in re.findall(r"(from mindocr[\w.]* import (\w+))", sentence):
        names: dict[str, Any] = {}
        exec(line, names)
        for used in re.findall(rf"\b{name}\.(\w+)\(", sentence):
            assert callable(getattr(names[name], used))
    for section, key in re.findall(r"\b(train|system)\.(\w+)", sentence):
        assert key in Config.model_fields[section].annotation.model_fields


@pytest.mark.parametrize("line", ["from mindocr import DetModel", "import mindocr.utils.nothing",
                                  "from mindocr.utils.visualize import nothing"])  # fmt: skip
def test_unknown_names_are_pythons_own_error(line: str) -> None:
    with pytest.raises(ImportError, match=r"cannot import name|No module named"):
        exec(line, {})


def test_attributes() -> None:
    with pytest.raises(AttributeError, match="module 'mindocr' has no attribute 'nothing'"):
        _ = mindocr.nothing
    assert isinstance(absent("mindocr.version"), ImportError)
    assert {"build_model", "list_models", "__version__"} <= set(dir(mindocr))


def test_answers_are_installed_once() -> None:
    before = list(sys.meta_path)
    answer_imports()
    assert sys.meta_path == before


def test_names_that_are_not_used_load_nothing() -> None:
    code = "import sys, mindocr\ndir(mindocr)\nprint(sorted(m for m in sys.modules if m.startswith('mindocr')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['mindocr', 'mindocr.absent_names', 'mindocr.environment']\n"


def test_models_by_pattern() -> None:
    from mindocr import list_models

    assert list_models() == list_models("") and len(list_models()) >= 5
    assert list_models("*resnet50") == ["dbnet_resnet50", "dbnetpp_resnet50"]
    assert list_models("crnn*") == []


def test_parts_from_sections_of_a_configuration() -> None:
    from mindocr import build_loss, build_metric, build_postprocess

    section = {"name": "DBPostprocess", "box_thresh": 0.55}
    assert build_postprocess(section).box_thresh == 0.55
    assert section == {"name": "DBPostprocess", "box_thresh": 0.55}
    assert type(build_metric({"name": "DetMetric"})).__name__ == "DetMetric"
    assert type(build_loss("DBLoss", l1_scale=5)).__name__ == "DBLoss"
    with pytest.raises(ConfigError, match=r"unknown loss 'DBLos' \(did you mean 'DBLoss'\?\)"):
        build_loss("DBLos")
    with pytest.raises(ConfigError, match="DBPostprocess has no argument 'box_tresh'"):
        build_postprocess({"name": "DBPostprocess", "box_tresh": 0.5})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("set")
    write_set(SetPlan(folder / "text", train=5, test=1, options=SceneOptions((64, 96)), progress=False))
    ops = [{"DecodeImage": {"img_mode": "RGB"}}, {"DetLabelEncode": None}, {"ToCHWImage": None}]
    places = {"dataset_root": str(folder / "text"), "data_dir": "train", "label_file": "train_gt.txt"}
    return {"type": "DetDataset", **places, "transform_pipeline": ops, "output_columns": ["image", "img_path"]}


def test_a_data_set_with_its_loader(dataset: dict[str, Any]) -> None:
    from mindocr import build_dataset

    loader = build_dataset(dataset, {"batch_size": 2, "shuffle": False}, is_train=False)
    batches = list(loader.epoch(0))
    assert len(loader) == 3
    assert [batch["image"].shape for batch in batches] == [(2, 3, 64, 96), (2, 3, 64, 96), (1, 3, 64, 96)]
    names = [Path(path).name for batch in batches for path in batch["img_path"]]
    assert names == [f"{number:05d}.jpg" for number in range(5)]
    second = build_dataset(dataset, {"batch_size": 1}, num_shards=2, shard_id=1, is_train=False)
    assert [Path(batch["img_path"][0]).name for batch in second.epoch(0)] == ["00001.jpg", "00003.jpg"]


def test_a_loader_takes_a_section_of_a_checked_configuration(dataset: dict[str, Any]) -> None:
    from mindocr import build_dataset, load_config

    section = load_config("configs/det/dbnet/db_r18_icdar15.yaml", ["train.loader.batch_size=2"]).train.loader
    loader = build_dataset(dataset, section)
    assert (loader.sampler.batch_size, loader.sampler.shuffle, len(loader)) == (2, True, 2)
    images = [batch["image"] for batch in loader.epoch(0)]
    loader.close()
    again = build_dataset(dataset, section, seed=0)
    assert all(np.array_equal(one, other["image"]) for one, other in zip(images, again.epoch(0)))
    again.close()


def test_mistakes_in_the_sections(dataset: dict[str, Any]) -> None:
    from mindocr import build_dataset

    with pytest.raises(ConfigError, match=r"loader.batchsize: unknown key \(did you mean 'batch_size'\?\)"):
        build_dataset(dataset, {"batchsize": 2})
    with pytest.raises(ConfigError, match="unknown dataset 'DocDataset'"):
        build_dataset({**dataset, "type": "DocDataset"}, {"batch_size": 2})
    with pytest.raises(DataError, match="too few for one batch of 9"):
        build_dataset(dataset, {"batch_size": 9, "drop_remainder": True})
