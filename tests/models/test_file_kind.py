"""Model files are recognised by their content, and each reader names a file of another kind."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.errors import CheckpointError, UserError
from mindocr.inference.mindir import MindIR
from mindocr.inference.onnx import Onnx
from mindocr.inference.runner import open_runner
from mindocr.models.ckpt_format import check_file
from mindocr.models.converters.reader import read_weights
from mindocr.models.file_kind import Kind, kind_of, refusal


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, b"content")
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        file.addfile(tarfile.TarInfo("inference.pdmodel"), io.BytesIO(b""))
    return stream.getvalue()


def safetensors() -> bytes:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)


ENTRY = b"\x0a\x05conv1" + b"\x12\x04data"  # name and tensor of a parameter
FILES = {
    Kind.CHECKPOINT: b"\x0a" + bytes([len(ENTRY)]) + ENTRY,
    Kind.SAFETENSORS: safetensors(),
    Kind.MINDIR: b"\x0a\x051.1.0" + b"\x12\x09MindSpore" + b"\x2a\x062.10.0:\xfd\x12\x0a\x30",
    Kind.ONNX: b"\x08\x09\x12\x07pytorch\x3a\x90\x01\x0a\x10",
    Kind.LITE: b"\x1c\x00\x00\x00MSL2" + bytes(40),
    Kind.TORCH_ZIP: archive("best/data.pkl", "best/data/0"),
    Kind.TORCHSCRIPT: archive("best/data.pkl", "best/constants.pkl"),
    Kind.PICKLE: pickle.dumps({"weight": 1}, protocol=4),
    Kind.PADDLE: b"\x0a\xa0\x05\x08\x00\x10\xff\xff\xff\xff",
    Kind.NUMPY: archive("a.npy", "b.npy"),
    Kind.ZIP: archive("best.ckpt"),
    Kind.TAR: tar(),
    Kind.GZIP: b"\x1f\x8b\x08\x00" + bytes(20),
    Kind.HDF5: b"\x89HDF\r\n\x1a\n" + bytes(20),
    Kind.TFLITE: b"\x1c\x00\x00\x00TFL3" + bytes(20),
    Kind.IMAGE: b"\xff\xd8\xff\xe0" + bytes(20),
    Kind.WEB_PAGE: b"<!DOCTYPE html><html>",
    Kind.LFS: b"version https://git-lfs.github.com/spec/v1\n",
    Kind.EMPTY: b"",
}


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", ["model.bin", "best.ckpt", "model.mindir"])
def test_a_file_is_known_by_its_content(tmp_path, kind, name):
    (tmp_path / name).write_bytes(FILES[kind])
    assert kind_of(tmp_path / name) is kind


def test_other_files(tmp_path):
    (tmp_path / "weights.pdiparams").write_bytes(bytes(16) + b"\x0a\x00\x00\x00" + b"\x08\x05")
    (tmp_path / "my.yaml").write_text("model: {}\n", encoding="utf-8")
    (tmp_path / "noise").write_bytes(np.random.default_rng(0).integers(128, 255, 300, np.uint8).tobytes())
    (tmp_path / "zeros").write_bytes(bytes(500))
    (tmp_path / "note.txt").write_text("best.ckpt is elsewhere", encoding="utf-8")
    found = {p.name: kind_of(p) for p in tmp_path.iterdir()}
    assert found == {"weights.pdiparams": Kind.PADDLE, "my.yaml": Kind.YAML, "noise": None, "zeros": None,
                     "note.txt": None}  # fmt: skip
    assert kind_of(tmp_path) is None and kind_of(tmp_path / "nothing") is None


def test_a_file_that_was_cut_short_is_no_other_kind(tmp_path):
    for kind, content in FILES.items():
        for size in range(1, 20):
            (tmp_path / "cut").write_bytes(content[:size])
            assert kind_of(tmp_path / "cut") in (kind, None, Kind.TORCH_ZIP if content[:2] == b"PK" else None), size


def test_a_path_in_an_advice_can_be_copied_to_a_shell(tmp_path):
    path = tmp_path / "out folder.mindir"
    path.write_bytes(FILES[Kind.MINDIR])
    told = str(refusal(path, "a checkpoint", Kind.CHECKPOINT))
    assert f"{path}: expected a checkpoint, but this is a MindIR file; run it with: mindocr infer" in told
    assert f"--det_model_path '{path}' --input_images_dir" in told
    assert refusal(path, "a MindIR file", Kind.MINDIR) is None


MODELS = (Kind.CHECKPOINT, Kind.SAFETENSORS, Kind.MINDIR, Kind.ONNX, Kind.TORCH_ZIP, Kind.PICKLE)
READERS = {
    "checkpoint": (check_file, (Kind.CHECKPOINT, Kind.SAFETENSORS)),
    "MindIR": (MindIR, (Kind.MINDIR,)),
    "ONNX": (Onnx, (Kind.ONNX,)),
    "weights": (read_weights, (Kind.TORCH_ZIP, Kind.PICKLE, Kind.TORCHSCRIPT, Kind.ZIP, Kind.NUMPY)),
    "configuration": (load_config, ()),
    "any": (open_runner, (Kind.CHECKPOINT, Kind.SAFETENSORS, Kind.MINDIR, Kind.ONNX, Kind.LITE)),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_names_a_file_of_another_kind(tmp_path, reader):
    read, fitting = READERS[reader]
    for kind, content in FILES.items():
        if kind in fitting or kind is Kind.EMPTY or (reader == "configuration" and kind not in MODELS):
            continue
        for name in ("model.bin", "best.ckpt", "best.safetensors", "model.mindir", "model.onnx"):
            if reader == "weights" and name.endswith(".safetensors"):
                continue
            path = tmp_path / name
            path.write_bytes(content)
            with pytest.raises(UserError) as told:
                read(path)
            text = str(told.value)
            assert kind.noun in text and name in text and "\n" not in text, (kind, name, text)


def test_a_checkpoint_of_another_ending_must_be_renamed(tmp_path):
    for kind, name, new in ((Kind.CHECKPOINT, "best.safetensors", "best.ckpt"), (Kind.CHECKPOINT, "best", "best.ckpt"),
                            (Kind.SAFETENSORS, "best.ckpt", "best.safetensors")):  # fmt: skip
        (tmp_path / name).write_bytes(FILES[kind])
        with pytest.raises(CheckpointError, match=f"{name}: this is a checkpoint in the format .*rename it to '{new}'"):
            check_file(tmp_path / name)


def test_a_folder_instead_of_a_file(tmp_path):
    with pytest.raises(CheckpointError, match="a folder without MindIR files; expected a MindIR or ONNX file"):
        MindIR(tmp_path)
    (tmp_path / "a.mindir").write_bytes(FILES[Kind.MINDIR])
    with pytest.raises(CheckpointError, match="a folder with a.mindir: name the file; expected"):
        MindIR(tmp_path)
    with pytest.raises(UserError, match="photo.jpg.: expected a file that ends in"):
        open_runner(tmp_path / "photo.jpg")
