"""The words after ``-o``: hostile keys and hostile values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import NUMBERS, WORDS, pick, spoil
from test_fuzz_yaml import HOSTILE, RECIPE

from mindocr.config import load_config
from mindocr.config.overrides import apply_overrides, parse_override
from mindocr.config.wording import field_paths
from mindocr.errors import ConfigError

KEYS = [path for path, _ in field_paths()] + [
    "train.dataset.transform_pipeline.RandomScale.scale_range", "train.dataset.transform_pipeline[2]",
    "eval.dataset.transform_pipeline.DetResize.target_size", "train.dataset.transform_pipeline.ShrinkBinaryMap",
    "model.neck.name", "postprocess.box_thresh", "metric.name", "train.dataset.dataset_root", "eval.dataset.data_dir",
    "train.dataset.transform_pipeline[99999999999999999999].x", "a" + ".a" * 3000, "a[" + "9" * 5000 + "]", "", ".",
    "..",
    "train", "[0]", "a[0][0]", "__class__.__init__", "train.loader.batch_size.x", "model.backbone.__dict__", "a b",
    "a=b",
    "train.dataset.output_columns[0]", "train.dataset.output_columns[-1]", "train.dataset.transform_pipeline.drop",
]  # fmt: skip
VALUES = [
    *HOSTILE,
    *(word.decode("utf-8", "surrogateescape") for word in (*NUMBERS, *WORDS) if len(word) < 6000),
    "drop",
    "{name: x}",
    "[]",
]
PLAIN = ["1", "0.5", "True", "[64, 64]", "auto", "null", "out"]


def word(rng):
    """``key=value``, either of them hostile."""
    chosen = f"{pick(rng, KEYS)}={pick(rng, PLAIN if rng.random() < 0.2 else VALUES)}"
    return spoil(chosen.encode("utf-8", "replace"), rng).decode("utf-8", "replace") if rng.random() < 0.2 else chosen


def test_hostile_words(fuzz, repo_root):
    def prepare(rng, arena):
        words = [word(rng) for _ in range(rng.integers(1, 3))]
        (arena.inputs / "words.txt").write_text("\n".join(map(repr, words)), encoding="utf-8")
        return lambda: load_config(repo_root / RECIPE, words)

    outcomes = fuzz("overrides", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a" + ".a" * 3000 + "=1"], "nested too deep"),
        (["train.dataset.transform_pipeline[" + "9" * 5000 + "]=1"], "train.dataset.transform_pipeline"),
        (["train.loader=" + "[" * 200 + "]" * 200], "-o train.loader"),
        (["train.loader.batch_size=!!bool perhaps"], "-o train.loader.batch_size"),
        (["train.loader.batch_size=!!timestamp soon"], "-o train.loader.batch_size"),
        (["train.ckpt_save_dir=!!python/object/apply:os.getcwd []"], "-o train.ckpt_save_dir"),
        (['train.ckpt_save_dir="a\\0b"'], "-o train.ckpt_save_dir"),
        (['train.ckpt_save_dir="\\ud800"'], "-o train.ckpt_save_dir"),
        (["=1"], "not a dotted key"),
        (["system.seed=" + "9" * 400], "system.seed"),
        (["scheduler.lr=0x" + "f" * 2000], "scheduler.lr"),
    ],
)
def test_chosen_words(refused, repo_root, words, message):
    assert message in refused(lambda arena: lambda: load_config(repo_root / RECIPE, words))


@settings(max_examples=150)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_split_or_refused(key, value):
    try:
        keys, parsed = parse_override(f"{key}={value}")
        values = apply_overrides({"a": {"b": [1, 2]}}, [f"{key}={value}"])
    except ConfigError:
        return
    assert keys and all(keys)
    assert isinstance(values, dict) and (parsed is None or parsed == parsed or np.isnan(parsed))
