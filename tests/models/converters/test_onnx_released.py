"""Released PP-OCR files: their outputs in MindSpore against onnxruntime's, and what the checkpoint carries."""

from __future__ import annotations

import cv2
import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from released import released

from mindocr.engine.export.weights_converter import convert_file
from mindocr.errors import CheckpointError, UserError
from mindocr.formats.dictionary import read_dictionary
from mindocr.inference.detector import TextDetector
from mindocr.inference.runner import open_runner
from mindocr.models.builder import build_model
from mindocr.models.ckpt_entries import SETTINGS_ENTRY, unpack
from mindocr.models.weights import read_checkpoint

pytestmark = pytest.mark.slow


def outputs_of(path, image):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})[0]


def sign() -> np.ndarray:
    """A white picture with a word, (1, 3, 96, 224) float32, normalised."""
    image = np.full((96, 224, 3), 255, np.uint8)
    cv2.putText(image, "MARKET", (20, 65), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30, 30, 120), 4)
    scaled = (image / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return scaled.transpose(2, 0, 1)[None].astype(np.float32)


def test_the_v3_detector_computes_what_its_file_computes(tmp_path):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    path = released("ch_PP-OCRv3_det_infer.onnx")
    converted = convert_file("onnx", path, tmp_path / "v3.ckpt")
    network = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    image = sign()
    expected = outputs_of(path, image)
    assert expected.max() > 0.9 and expected.mean() < 0.5  # it finds the word
    np.testing.assert_allclose(network(Tensor(image)).asnumpy(), expected, atol=1e-4, rtol=0)
    assert "13895 weights closer to 0" in converted.summary()
    assert "head.thresh.*: the threshold branch" in converted.summary()


def test_the_v3_recogniser_computes_what_its_file_computes_at_any_width(tmp_path):
    path = released("ch_PP-OCRv3_rec_infer.onnx")
    runner = open_runner(convert_file("onnx", path, tmp_path / "v3.ckpt").path)
    for width in (320, 421, 64, 500):
        lines = np.random.default_rng(width).uniform(-1, 1, (2, 3, 48, width)).astype(np.float32)
        np.testing.assert_allclose(np.stack(runner(lines)["probs"]), outputs_of(path, lines), atol=1e-4, rtol=0)
    characters = runner.metadata["postprocess"]["characters"]
    assert len(characters) == 6623 and "\u3000" in characters


def test_the_v4_detector_computes_what_its_file_computes(tmp_path):
    ms.set_context(mode=ms.PYNATIVE_MODE)
    path = released("ch_PP-OCRv4_det_infer.onnx")
    converted = convert_file("onnx", path, tmp_path / "v4.ckpt")
    network = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    image = sign()
    expected = outputs_of(path, image)
    assert expected.max() > 0.8 and expected.mean() < 0.5  # it finds the word
    np.testing.assert_allclose(network(Tensor(image)).asnumpy(), expected, atol=1e-4, rtol=0)
    assert "1726 weights closer to 0" in converted.summary() and "ppocrv4_det_mobile" in converted.summary()
    assert "head.thresh.*: the threshold branch" in converted.summary()


def test_the_v4_recogniser_computes_what_its_file_computes_at_any_width(tmp_path):
    path = released("ch_PP-OCRv4_rec_infer.onnx")
    runner = open_runner(convert_file("onnx", path, tmp_path / "v4.ckpt").path)
    for width in (421, 64):
        lines = np.random.default_rng(width).uniform(-1, 1, (2, 3, 48, width)).astype(np.float32)
        np.testing.assert_allclose(np.stack(runner(lines)["probs"]), outputs_of(path, lines), atol=1e-4, rtol=0)
    assert len(runner.metadata["postprocess"]["characters"]) == 6623


def test_the_v6_detector_computes_what_its_file_computes_at_any_size(tmp_path):
    path = released("PP-OCRv6_det_small.onnx")
    converted = convert_file("onnx", path, tmp_path / "v6.ckpt")
    runner = open_runner(converted.path)
    for image in (sign(), np.concatenate([sign(), sign()], 3)):
        expected = outputs_of(path, image)
        assert expected.max() > 0.8 and expected.mean() < 0.5  # it finds the word
        np.testing.assert_allclose(np.stack(runner(image)["prob"]), expected, atol=1e-4, rtol=0)
    assert "256259 weights closer to 0" in converted.summary()
    assert "head.auxiliary_*: the auxiliary heads" in converted.summary()
    settings = unpack(read_checkpoint(converted.path)[SETTINGS_ENTRY])
    assert settings["postprocess"]["max_candidates"] == 3000
    assert all(settings["network"][part]["fused"] for part in ("backbone", "neck", "head"))
    detector = TextDetector(converted.path, limit_side_len=96)
    assert (detector.postprocess.binary_thresh, detector.postprocess.box_thresh) == (0.2, 0.45)


def test_the_v6_recogniser_computes_what_its_file_computes_at_any_width(tmp_path):
    path = released("PP-OCRv6_rec_small.onnx")
    runner = open_runner(convert_file("onnx", path, tmp_path / "v6.ckpt").path)
    for width in (421, 64):
        lines = np.random.default_rng(width).uniform(-1, 1, (2, 3, 48, width)).astype(np.float32)
        np.testing.assert_allclose(np.stack(runner(lines)["probs"]), outputs_of(path, lines), atol=1e-4, rtol=0)
    characters = runner.metadata["postprocess"]["characters"]
    assert len(characters) == 18_708 and len(set(characters)) == 18_708


def test_the_v2_recogniser_computes_what_its_file_computes_at_any_width(tmp_path):
    path = released("ch_PP-OCRv2_rec_infer.onnx")
    converted = convert_file("onnx", path, tmp_path / "v2.ckpt")
    runner = open_runner(converted.path)
    for width in (320, 421, 64):
        lines = np.random.default_rng(width).uniform(-1, 1, (2, 3, 32, width)).astype(np.float32)
        np.testing.assert_allclose(np.stack(runner(lines)["probs"]), outputs_of(path, lines), atol=1e-4, rtol=0)
    # The dictionary lies beside the file
    assert list(runner.metadata["postprocess"]["characters"]) == read_dictionary(released("ppocr_keys_v1.txt"))
    assert "mindocr train -c ppocrv2_rec_mobile" in converted.summary()


def test_the_dictionary_of_the_v2_recogniser_may_be_elsewhere(tmp_path):
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone/v2.onnx"
    alone.write_bytes(released("ch_PP-OCRv2_rec_infer.onnx").read_bytes())
    with pytest.raises(CheckpointError, match="holds no character dictionary .* with --dictionary, or put it as ppocr"):
        convert_file("onnx", alone, tmp_path / "v2.ckpt")
    (tmp_path / "short.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match="dictionary has 2 characters, but the network has 6625 classes"):
        convert_file("onnx", alone, tmp_path / "v2.ckpt", dictionary=tmp_path / "short.txt")
    convert_file("onnx", alone, tmp_path / "v2.ckpt", dictionary=released("ppocr_keys_v1.txt"))
    settings = unpack(read_checkpoint(tmp_path / "v2.ckpt")[SETTINGS_ENTRY])
    assert len(settings["postprocess"]["characters"]) == 6623
    with pytest.raises(UserError, match="--dictionary: only with --from onnx"):
        convert_file("paddle", alone, tmp_path / "v2.ckpt", dictionary=tmp_path / "short.txt")


def test_the_direction_classifier_computes_what_its_files_compute(tmp_path):
    lines = np.random.default_rng(1).uniform(-1, 1, (3, 3, 48, 192)).astype(np.float32)
    lines = np.concatenate([lines, np.zeros_like(lines)])
    files = [released(name) for name in ("ch_ppocr_mobile_v2.0_cls_infer.onnx", "cls-model.onnx")]
    weights = [read_checkpoint(convert_file("onnx", file, tmp_path / f"{file.stem}.ckpt").path) for file in files]
    names = [name for name in weights[0] if name.startswith(("backbone.", "head."))]
    assert len(names) == 213 and all(
        np.array_equal(weights[0][name].asnumpy(), weights[1][name].asnumpy()) for name in names
    )
    found = open_runner(tmp_path / f"{files[0].stem}.ckpt")(lines)["probs"]
    np.testing.assert_allclose(np.stack(found), outputs_of(files[0], lines), atol=1e-5, rtol=0)


def test_the_checkpoint_carries_its_settings(tmp_path):
    convert_file("onnx", released("ch_PP-OCRv3_det_infer.onnx"), tmp_path / "v3.ckpt")
    settings = unpack(read_checkpoint(tmp_path / "v3.ckpt")[SETTINGS_ENTRY])
    assert settings["converted_from"] == "ch_PP-OCRv3_det_infer.onnx"
    assert settings["postprocess"]["box_thresh"] == 0.6
    assert settings["network"]["neck"]["origin"] == "paddleocr"
    detector = TextDetector(tmp_path / "v3.ckpt", limit_side_len=96)
    assert detector.postprocess.binary_thresh == 0.3


def test_a_file_cut_short_is_refused(tmp_path):
    data = released("ch_PP-OCRv3_det_infer.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=r"cut\.onnx: not an ONNX file, or damaged or cut short"):
        convert_file("onnx", tmp_path / "cut.onnx", tmp_path / "net.ckpt")
