"""MindRecord files: written, read as any data set, and the messages about files that cannot be used."""

import json
import shutil
import sqlite3

import cv2
import numpy as np
import pytest

from mindocr.cli.main import run_command
from mindocr.data.datasets.classification import ClsDataset
from mindocr.data.datasets.detection import DetDataset
from mindocr.data.datasets.mindrecord import MindRecordDataset, pack, unpack, with_files
from mindocr.data.datasets.recognition import RecDataset, WordsOfDetDataset
from mindocr.data.loading.loader import Loader
from mindocr.data.mindrecord_writer import write_mindrecord
from mindocr.errors import ConfigError, DataError, UserError
from mindocr.images.mindrecord import COLUMNS
from mindocr.images.read import read_image

DECODE = {"DecodeImage": {"img_mode": "RGB"}}
DETECTION = [DECODE, "DetLabelEncode", {"RandomColorAdjust": {"brightness": 0.3}}]
NAMES = [f"{'ab'[i % 2]}/{i} ü.png" for i in range(7)]  # more images than shards
TYPES = {
    "DetDataset": (DetDataset, DETECTION),
    "WordsOfDetDataset": (WordsOfDetDataset, [DECODE, "CropTextLine"]),
    "RecDataset": (RecDataset, [DECODE, "CropTextLine"]),
    "ClsDataset": (ClsDataset, [DECODE, "ClsLabelEncode"]),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Seven noisy images with label files of detection, recognition and classification."""
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    lines = {"det": [], "rec": [], "cls": []}
    for i, name in enumerate(NAMES):
        (folder / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), rng.integers(0, 255, (24, 32 + i, 3), dtype=np.uint8))
        box = [[2.25, 2], [20, 2], [20, 12.1], [2, 12]]
        texts = [{"points": box, "transcription": text} for text in (f"w'{i}\"", "Straße", "###")]
        lines["det"].append(f"{name}\t{json.dumps(texts)}")
        lines["rec"].append(f"{name}\ttext {i} ")
        lines["cls"].append(f"{name}\t{(0, 180)[i % 2]}")
    for kind, content in lines.items():
        (folder / f"{kind}.txt").write_text("\n".join(content) + "\n", encoding="utf-8")
    return folder


def section(source, kind):
    file = {"RecDataset": "rec.txt", "ClsDataset": "cls.txt"}.get(kind, "det.txt")
    return {"type": kind, "label_file": str(source / file), "data_dir": str(source)}


@pytest.fixture(scope="module")
def written(source, tmp_path_factory):
    """One MindRecord for each type; that of detection has 3 shards."""
    folder = tmp_path_factory.mktemp("written")
    for kind in TYPES:
        counts = write_mindrecord(
            section(source, kind), folder / f"{kind}.mindrecord", 3 if kind == "DetDataset" else 1
        )
        assert counts == (7, 14 if kind == "WordsOfDetDataset" else 7)
    return folder


@pytest.fixture
def copied(written, tmp_path):
    """The shards of detection, to be damaged."""
    for path in written.glob("DetDataset*"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path / "DetDataset.mindrecord"


def reading(file, kind="DetDataset", **options):
    return MindRecordDataset(str(file), kind, transform_pipeline=TYPES[kind][1], **options)


def same(left, right):
    """Whether two samples agree in all keys but the path, to the last bit."""
    assert left.keys() == right.keys()
    for key in left.keys() - {"img_path"}:
        np.testing.assert_equal(left[key], right[key])
        assert getattr(left[key], "dtype", None) == getattr(right[key], "dtype", None)


@pytest.mark.parametrize("kind", TYPES)
def test_samples_are_those_of_the_plain_files(source, written, kind):
    cls, ops = TYPES[kind]
    plain = cls(str(source), section(source, kind)["label_file"], transform_pipeline=ops, seed=5)
    record = reading(written / f"{kind}.mindrecord", kind, seed=5)
    assert len(record) == len(plain)
    for i in range(len(plain)):
        same(record.get(i, 2), plain.get(i, 2))
    assert {each["img_path"].partition("mindrecord")[2].partition("/")[2] for each in map(record.get, range(7))} <= set(
        NAMES
    )


def test_batches_and_resume_are_those_of_the_plain_files(source, written):
    columns = ["image", "label"]
    crop = [DECODE, {"RandomCropWithBBox": {"crop_size": [16, 16]}}]
    crop.insert(1, "DetLabelEncode")
    plain = DetDataset(str(source), str(source / "det.txt"), transform_pipeline=crop, output_columns=columns)
    record = MindRecordDataset(
        str(written / "DetDataset.mindrecord1"), "DetDataset", transform_pipeline=crop, output_columns=columns
    )
    options = {"batch_size": 2, "shuffle": True, "drop_remainder": True}
    with Loader(plain, **options, num_workers=0) as ours, Loader(record, **options, num_workers=2) as theirs:
        for left, right in zip(ours.epoch(3, 1), theirs.epoch(3, 1), strict=True):  # from the second batch on
            np.testing.assert_array_equal(left["image"], right["image"])
            assert list(left["label"]) == list(right["label"])


def test_shares_of_several_files(written):
    file = str(written / "DetDataset.mindrecord")
    dataset = MindRecordDataset([file, f"{file}2"], "DetDataset", sample_ratio=[1, 2])
    assert len(dataset) == 21


@pytest.mark.parametrize("content", ["decoded", "encoded"])
def test_a_cache_takes_images_of_a_mindrecord(written, content):
    file = written / "DetDataset.mindrecord"
    cached, plain = reading(file, cache="ram", cache_limit="2MB", cache_content=content), reading(file)
    cached.get(3)
    same(cached.get(3), plain.get(3))


def test_mindspore_reads_the_same_rows(source, written):
    from mindspore.mindrecord import FileReader

    reader = FileReader([str(written / f"DetDataset.mindrecord{i}") for i in range(3)])
    rows = {row["name"]: row for row in reader.get_next()}
    reader.close()
    assert rows.keys() == set(NAMES) and rows[NAMES[0]].keys() == COLUMNS.keys()
    for i, name in enumerate(NAMES):
        assert bytes(rows[name]["image"]) == (source / name).read_bytes()
        assert (rows[name]["height"], rows[name]["width"]) == (24, 32 + i)
        [[number, sample]] = json.loads(rows[name]["samples"])
        assert number == i and f"{name}\t{sample['label']}" == (source / "det.txt").read_text("utf-8").splitlines()[i]


def test_an_image_has_a_path_for_everything_that_reads_images(source, written):
    file = written / "ClsDataset.mindrecord"
    np.testing.assert_array_equal(read_image(f"{file}/{NAMES[1]}"), read_image(source / NAMES[1]))
    with pytest.raises(
        DataError, match=r"ClsDataset\.mindrecord/c\.png: the MindRecord file has no image of this name"
    ):
        read_image(f"{file}/c.png")
    with pytest.raises(DataError, match=r"det\.txt/c\.png: cannot read this image: Not a directory"):
        read_image(source / "det.txt" / "c.png")


def test_packing_keeps_every_bit():
    sample = {"a": [np.array([[0.1, 1e-30]], np.float32)], "b": np.zeros((0, 2), np.float32), "c": np.array([True]),
              "d": ["x"], "img_path": "gone"}  # fmt: skip
    back = unpack(json.loads(json.dumps(pack(sample))))
    same(back, {key: value for key, value in sample.items() if key != "img_path"})


def test_nothing_is_replaced(source, written):
    before = {path.name: path.stat() for path in written.iterdir()}
    for name in ("DetDataset.mindrecord", "ClsDataset.mindrecord"):
        with pytest.raises(
            DataError, match=r"Dataset\.mindrecord.*: this file exists and is not replaced; choose another"
        ):
            write_mindrecord(section(source, "DetDataset"), written / name)
    assert {path.name: path.stat() for path in written.iterdir()} == before


def test_a_label_without_an_image_leaves_nothing_behind(source, tmp_path):
    labels = tmp_path / "gt.txt"
    labels.write_text((source / "cls.txt").read_text("utf-8") + "a/gone.png\t0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"gt\.txt:8: image .*a/gone\.png does not exist; 1 of the 8 images"):
        write_mindrecord(section(source, "ClsDataset") | {"label_file": str(labels)}, tmp_path / "new.mindrecord")
    assert [path.name for path in tmp_path.iterdir()] == ["gt.txt"]


def test_a_broken_image_stops_or_is_left_out(source, tmp_path, caplog):
    shutil.copytree(source, tmp_path / "copy")
    (tmp_path / "copy" / NAMES[2]).write_bytes((source / NAMES[2]).read_bytes()[:500])
    spec = section(tmp_path / "copy", "ClsDataset")
    with pytest.raises(DataError, match=r"2 ü\.png: this PNG ends before its end marker"):
        write_mindrecord(spec, tmp_path / "new.mindrecord")
    assert write_mindrecord(spec | {"on_error": "skip"}, tmp_path / "new.mindrecord") == (6, 6)
    assert "left out: 1 broken images (on_error: skip); the first: " in caplog.text
    assert [each["class_name"] for each in reading(tmp_path / "new.mindrecord", "ClsDataset")] == [
        "0", "180", "180", "0", "180", "0"
    ]  # fmt: skip


def test_a_damaged_image_is_named(copied):
    shard = copied.with_name(f"{copied.name}1")
    dataset = reading(copied)
    at = shard.read_bytes().index(b"IDAT") + 30
    with shard.open("r+b") as stream:
        stream.seek(at)
        stream.write(b"####")
    with pytest.raises(DataError, match=r"mindrecord1/\w/\d ü\.png: the bytes of this image do not have the checksum"):
        for i in range(7):
            dataset.get(i)


def cut(shard):
    with shard.open("r+b") as stream:
        stream.truncate(shard.read_bytes().index(b"IEND"))


def cut_header(shard):
    with shard.open("r+b") as stream:
        stream.truncate(300)


def cut_index(shard):
    with shard.with_name(f"{shard.name}.db").open("r+b") as stream:
        stream.truncate(5000)


def change_label(shard):
    with sqlite3.connect(shard.with_name(f"{shard.name}.db")) as connection:
        connection.execute("UPDATE INDEXES SET samples_0 = replace(samples_0, '20', '21')")


def drop_row(shard):
    with sqlite3.connect(shard.with_name(f"{shard.name}.db")) as connection:
        connection.execute("DELETE FROM INDEXES WHERE ROW_ID = 0")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, r"mindrecord0: the file has \d+ bytes, expected \d+ or more: it was cut short; copy it again, or write"),
        (cut_header, r"mindrecord0: this is no MindRecord file, or its beginning is damaged; copy it again"),
        (cut_index, r"mindrecord0\.db: the index of this MindRecord file is damaged: .*; copy it again"),
        (change_label, r"mindrecord0\.db: the labels of \w/\d ü\.png do not have the checksum .*; copy it again"),
        (drop_row, r"mindrecord0\.db: this index has \d rows, its MindRecord file \d: they do not belong together"),
        (lambda shard: shard.unlink(),
         r"DetDataset\.mindrecord: 1 of the 6 files of this MindRecord are missing, such as DetDataset\.mindrecord0; "),
        (lambda shard: shard.with_name(f"{shard.name}.db").unlink(), r"missing, such as DetDataset\.mindrecord0\.db"),
        (lambda shard: [path.unlink() for path in shard.parent.iterdir()], r"mindrecord: no such MindRecord file; "),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(copied, damage, message):
    damage(copied.with_name(f"{copied.name}0"))
    with pytest.raises(DataError, match=message):
        reading(copied)


def test_fitting_reads_label_files_with_the_pipeline_of_a_mindrecord():
    kept = {"type": "DetDataset", "data_dir": "images"}
    assert with_files(kept) == kept
    assert with_files({**kept, "type": "MindRecordDataset", "samples_of": "DetDataset"}) == kept


def test_samples_of_another_type(written):
    with pytest.raises(DataError, match="has samples of ClsDataset, expected RecDataset; set samples_of to ClsDataset"):
        reading(written / "ClsDataset.mindrecord", "RecDataset")


def test_files_of_other_programs(tmp_path):
    from mindspore.mindrecord import FileWriter

    writer = FileWriter(str(tmp_path / "zoo.mindrecord"), 1)
    writer.add_schema({"image": {"type": "bytes"}, "annotation": {"type": "int32", "shape": [-1, 5]}}, "ctpn")
    writer.write_raw_data([{"image": b"x", "annotation": np.zeros((1, 5), np.int32)}])
    writer.commit()
    with pytest.raises(
        DataError, match="expected a MindRecord with the columns image, name, .*, got annotation, image; "
    ):
        reading(tmp_path / "zoo.mindrecord")


@pytest.mark.parametrize(
    ("change", "shards", "message"),
    [
        ({}, 0, "--shards: expected 1 to 1000 files, got 0"),
        ({"type": "PredictDataset"}, 1, "PredictDataset has no labels to write"),
        ({"type": "MindRecordDataset", "samples_of": "DetDataset"}, 1, "is read from a MindRecord already"),
    ],
)
def test_what_cannot_be_written(source, tmp_path, change, shards, message):
    spec = section(source, "DetDataset") | change
    if change:
        del spec["label_file"]
    with pytest.raises(ConfigError, match=message):
        write_mindrecord(spec, tmp_path / "new.mindrecord", shards)


def test_the_command_takes_a_configuration_or_files(source, tmp_path, capsys):
    files = ["--label_file", str(source / "rec.txt"), "--data_dir", str(source), "--type", "RecDataset"]
    output = tmp_path / "new" / "rec.mindrecord"
    run_command("make-mindrecord", [*files, "--output", str(output), "--shards", "2"])
    assert "rec.mindrecord: 7 images with 7 samples of RecDataset in 2 files; to read it: " in capsys.readouterr().out
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "rec.mindrecord0", "rec.mindrecord0.db", "rec.mindrecord1", "rec.mindrecord1.db"
    ]  # fmt: skip
    place = f"train.dataset.data_dir={source}", f"train.dataset.label_file={source / 'det.txt'}"
    config = ["-c", "db_r18_icdar15", "-o", *place, "train.dataset.dataset_root=/"]
    run_command("make-mindrecord", [*config, "--output", str(tmp_path / "det.mindrecord")])
    assert len(reading(tmp_path / "det.mindrecord")) == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected --config FILE, or --label_file FILE with --data_dir DIR"),
        (["--label_file", "gt.txt"], "--label_file and --data_dir belong together"),
        (["--label_file", "gt.txt", "--data_dir", ".", "-c", "x.yaml"], "--config and --label_file exclude each other"),
    ],
)
def test_arguments_that_do_not_fit_together(tmp_path, words, message):
    with pytest.raises(UserError, match=message):
        run_command("make-mindrecord", [*words, "--output", str(tmp_path / "new.mindrecord")])
