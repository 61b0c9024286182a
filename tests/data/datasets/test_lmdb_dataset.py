"""LMDB environments of text lines: what is read, which labels are left out, and damaged ones."""

import logging
import multiprocessing
import os
import pickle
import shutil
import sys

import numpy as np
import pytest
from lmdb_files import write_lmdb

from mindocr.data.datasets import lmdb as lmdb_dataset
from mindocr.data.datasets.lmdb import LMDBDataset, LmdbRecords
from mindocr.data.loading.loader import Loader
from mindocr.errors import ConfigError, DataError
from mindocr.images import lmdb_file
from mindocr.images.read import read_image
from mindocr.images.sizes import upright_size

pytest.importorskip("lmdb")

PLAIN = ["DecodeImage", "CropTextLine", {"ResizeTextLine": {"height": 8}}]
CODED = [*PLAIN, {"RecLabelEncode": {"max_text_len": 4, "characters": "abc", "use_space_char": False}}]


def texts_of(dataset):
    return [dataset[i]["text"] for i in range(len(dataset))]


def test_lines_and_their_images(tmp_path):
    write_lmdb(tmp_path / "set", ["ab", "é ü", "c"])
    dataset = LMDBDataset("set", str(tmp_path), transform_pipeline=["DecodeImage"])
    assert texts_of(dataset) == ["ab", "é ü", "c"]
    assert [dataset[i]["image"].shape for i in range(3)] == [(10, 30, 3), (10, 31, 3), (10, 32, 3)]
    assert [int(dataset[i]["image"][0, 0, 0]) for i in range(3)] == [1, 2, 3]
    assert dataset.describe(1) == f"{tmp_path}/set/label-000000002 {tmp_path}/set/image-000000002"
    # whoever has the path of an image can read it
    assert read_image(f"{tmp_path}/set/image-000000003").shape == (10, 32, 3)
    assert upright_size(f"{tmp_path}/set/image-000000003") == (10, 32)
    assert not (tmp_path / "set/lock.mdb").exists() or os.access(tmp_path / "set/lock.mdb", os.R_OK)


def test_a_tree_of_environments_is_read_in_order(tmp_path):
    for name, texts in (("b/2", ["b2"]), ("a", ["a1", "a2"]), ("b/1", ["b1"])):
        write_lmdb(tmp_path / "tree" / name, texts)
    write_lmdb(tmp_path / "more", ["m"])
    dataset = LMDBDataset([str(tmp_path / "tree"), str(tmp_path / "more")], sample_ratio=[1.0, 2.0])
    assert texts_of(dataset) == ["a1", "a2", "b1", "b2", "m", "m"]
    assert texts_of(LMDBDataset(str(tmp_path / "tree" / "a" / "data.mdb"))) == ["a1", "a2"]
    half = LMDBDataset(str(tmp_path / "tree"), sample_ratio=0.5, seed=1)
    assert len(half) == 2 and set(texts_of(half)) < {"a1", "a2", "b1", "b2"}
    assert set(LMDBDataset(str(tmp_path / "tree")).label_hashes()) == {
        str(tmp_path / "tree" / name) for name in ("a", "b/1", "b/2")
    }


def test_records_are_small_and_travel_to_workers(tmp_path):
    records = LmdbRecords(["x", "y"], [(0, np.arange(1, 200_001)), (1, np.arange(1, 100_001))])
    assert len(pickle.dumps(records)) < 10 * len(records)
    assert records[200_000].img_path == "y/image-000000001" and records[-1].content == ("y", 100_000)
    assert [record.where for record in records[199_999:200_001]] == ["x/label-000200000", "y/label-000000001"]
    assert sum(1 for _ in records) == 300_000
    write_lmdb(tmp_path / "set", [f"t{i}" for i in range(9)])
    dataset = LMDBDataset(str(tmp_path / "set"), transform_pipeline=PLAIN, output_columns=["image", "text"])
    here = [list(batch["text"]) for batch in Loader(dataset, batch_size=4, shuffle=True).epoch(1)]
    with Loader(dataset, batch_size=4, shuffle=True, num_workers=2) as loader:
        assert [list(batch["text"]) for batch in loader.epoch(1)] == here


def test_a_forked_process_reads_too(tmp_path):
    write_lmdb(tmp_path / "set", ["first", "second"])
    dataset = LMDBDataset(str(tmp_path / "set"))
    assert dataset[0]["text"] == "first"  # open in this process
    with multiprocessing.get_context("fork").Pool(2) as pool:
        texts = [each["text"] for each in pool.map(dataset.get, [0, 1] * 50, chunksize=1)]
    assert texts == ["first", "second"] * 50
    assert dataset[1]["text"] == "second"


def test_labels_that_cannot_be_encoded_are_counted_and_left_out(tmp_path, caplog):
    write_lmdb(tmp_path / "set", ["ab", "abcab", "", "aXbX", "cab", "Ya", "  "])
    with pytest.raises(DataError) as raised:
        LMDBDataset(str(tmp_path / "set"), transform_pipeline=CODED)
    message = str(raised.value)
    assert f"{tmp_path}/set: 7 texts; 5 of them cannot be encoded:" in message
    assert "1 longer than max_text_len 4 (first: " in message and "label-000000002 'abcab')" in message
    assert "3 with characters that the dictionary lacks (first: " in message and ": ' ' 2, 'X' 2, 'Y' 1" not in message
    assert "U+0020 2, 'X' 2, 'Y' 1" in message and "on_error: skip" in message
    with caplog.at_level(logging.WARNING):
        dataset = LMDBDataset(str(tmp_path / "set"), transform_pipeline=CODED, on_error="skip")
    assert texts_of(dataset) == ["ab", "cab"]
    assert "7 texts; 5 of them cannot be encoded and are left out" in caplog.text
    assert "1 with no character to read" in caplog.text


def test_characters_that_are_dropped_are_named(tmp_path, caplog):
    write_lmdb(tmp_path / "set", ["ab", "aXbX", "Yc", "XX"])
    ops = [*PLAIN, {"RecLabelEncode": {"characters": "abc", "use_space_char": False, "unknown": "drop"}}]
    with caplog.at_level(logging.WARNING):
        dataset = LMDBDataset(str(tmp_path / "set"), transform_pipeline=ops, on_error="skip")
    assert [dataset[i]["text_seq"][:2].tolist() for i in range(3)] == [[1, 2], [1, 2], [3, 0]] and len(dataset) == 3
    assert (
        "3 have characters that the dictionary lacks, which are left out (unknown: drop): 'X' 4, 'Y' 1" in caplog.text
    )
    assert "1 with no character to read (first: " in caplog.text


def test_of_many_labels_some_are_looked_at(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(lmdb_dataset, "MOST_READ", 10)
    monkeypatch.setattr(lmdb_dataset, "_SAMPLED", 5)
    write_lmdb(tmp_path / "set", ["ab"] * 20 + ["X"])
    with caplog.at_level(logging.WARNING):
        dataset = LMDBDataset(str(tmp_path / "set"), transform_pipeline=CODED, on_error="skip")
    assert len(dataset) == 21  # what a sample cannot know is skipped in training
    assert "5 of 21 texts, a sample; 1 of them cannot be encoded" in caplog.text
    with pytest.raises(DataError, match="'X': the dictionary lacks 'X'"):
        dataset[20]


def test_damaged_environments(tmp_path, caplog):
    good = write_lmdb(tmp_path / "good", ["a"] * 60)
    for name in ("short", "foreign", "empty"):
        shutil.copytree(good, tmp_path / name)
    size = (good / "data.mdb").stat().st_size
    os.truncate(tmp_path / "short/data.mdb", size - 5000)
    (tmp_path / "foreign/data.mdb").write_bytes(b"no database" * 2000)
    (tmp_path / "empty/data.mdb").write_bytes(b"")
    for name, message in (
        ("short", rf"short/data\.mdb: cut short: it has {size - 5000} of \d+ bytes"),
        ("foreign", r"foreign/data\.mdb: not an LMDB environment that can be read"),
        ("empty", r"empty/data\.mdb: this file of an LMDB environment is empty"),
    ):
        with pytest.raises(DataError, match=message):
            LMDBDataset(str(tmp_path / name))


def test_missing_keys(tmp_path, caplog):
    write_lmdb(tmp_path / "labels", ["a", "b", "c"], leave_out=["label-000000002", "image-000000003"])
    with pytest.raises(DataError, match="1 of 3 labels are missing, the first is label-000000002; num-samples"):
        LMDBDataset(str(tmp_path / "labels"))
    with caplog.at_level(logging.WARNING):
        dataset = LMDBDataset(str(tmp_path / "labels"), transform_pipeline=["DecodeImage"], on_error="skip")
    assert dataset[0]["text"] == "a" and "they are left out" in caplog.text
    with pytest.raises(DataError, match="image-000000003: the LMDB environment has no such key"):
        dataset[1]
    write_lmdb(tmp_path / "count", ["a"], leave_out=["num-samples"])
    with pytest.raises(DataError, match=r"no key num-samples; expected .* first keys are b'image-000000001', b'label"):
        LMDBDataset(str(tmp_path / "count"))
    for count, message in (("many", "num-samples is b'many', expected a number"), (0, "is empty: num-samples is 0")):
        with pytest.raises(DataError, match=message):
            LMDBDataset(str(write_lmdb(tmp_path / f"count{count}", ["a"], count=count)))
    write_lmdb(tmp_path / "latin", ["a", b"\xe9t\xe9"])
    with pytest.raises(DataError, match=r"latin/label-000000002: the label is not UTF-8 \(byte 0 of"):
        LMDBDataset(str(tmp_path / "latin"), transform_pipeline=CODED)


def test_wrong_places_and_a_missing_package(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "folder/below").mkdir(parents=True)
    for place, message in (
        ("none", "none: no such folder; expected a folder with data.mdb"),
        ("file", "file: it is a file; expected a folder with data.mdb"),
        ("folder", r"no LMDB environment: neither it nor a folder below it has a file data\.mdb"),
    ):
        with pytest.raises(DataError, match=message):
            LMDBDataset(place, str(tmp_path))
    with pytest.raises(ConfigError, match="data_dir: the list is empty"):
        LMDBDataset([])
    write_lmdb(tmp_path / "set", ["a"])
    monkeypatch.setitem(sys.modules, "lmdb", None)
    assert not lmdb_file.is_installed()
    with pytest.raises(ConfigError, match="set: LMDB files need lmdb; install it with: pip install lmdb"):
        LMDBDataset(str(tmp_path / "set"))
