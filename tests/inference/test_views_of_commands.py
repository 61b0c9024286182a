"""``--tile``, ``--scales``, ``--flip``, ``--merge_maps`` and ``--dpi`` of the commands, with an ONNX file."""

import json
from pathlib import Path

import numpy as np
import pytest
from bright_is_text import white_box, write

from mindocr.cli.main import run_command
from mindocr.errors import ConfigError, UserError
from mindocr.inference.detector import TextDetector
from mindocr.inference.pipeline import default_pipeline

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

LONG = [[100, 400], [1200, 400], [1200, 430], [100, 430]]


@pytest.fixture
def model(tmp_path, monkeypatch):
    from onnx_files import write_bright_is_text

    monkeypatch.setattr("mindocr.utils.logs.start_logging", lambda folder=None: None)
    monkeypatch.chdir(tmp_path)
    post = {"name": "DBPostprocess", "box_thresh": 0.5, "expand_ratio": 0.0}
    return write_bright_is_text(
        tmp_path / "model.onnx", metadata={"postprocess": post, "pipeline": default_pipeline(256)}
    )


def infer(model, *words):
    return run_command("infer", ["--det_model_path", str(model), "--input_images_dir", "in", *map(str, words)])


def found():
    entries = json.loads(Path("inference_results/det_results.json").read_text(encoding="utf-8"))
    return [(entry["image"], [text["points"] for text in entry["detections"]]) for entry in entries]


def test_tiles_and_mirrored_views_of_infer(model, tmp_path, caplog):
    caplog.set_level("INFO", "mindocr")
    write(tmp_path / "in/large.png", size=(900, 1300), box=(100, 400, 1200, 430))
    assert infer(model, "--tile", "auto", "--flip", "--merge_maps", "max") == 0
    ((_, (points,)),) = found()
    np.testing.assert_allclose(points, LONG, atol=1.5)
    assert "tile auto, flip, merged by their max: " in caplog.text


def test_pages_of_a_pdf_at_a_resolution(model, tmp_path):
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument.new()
    for _ in range(2):  # a black page with a white square in its lower left quarter
        page = document.new_page(72, 72)
        for level, sides in ((0, (0, 0, 72, 72)), (255, (9, 9, 27, 27))):
            square = pdfium.raw.FPDFPageObj_CreateNewRect(*sides)
            pdfium.raw.FPDFPageObj_SetFillColor(square, *[level] * 3, 255)
            pdfium.raw.FPDFPath_SetDrawMode(square, pdfium.raw.FPDF_FILLMODE_ALTERNATE, False)
            pdfium.raw.FPDFPage_InsertObject(page, square)
        page.gen_content()
    (tmp_path / "in").mkdir()
    document.save(tmp_path / "in/file.pdf")
    assert infer(model, "--dpi", 144) == 0
    assert [image for image, _ in found()] == ["in/file.pdf#1", "in/file.pdf#2"]
    for _, (points,) in found():
        np.testing.assert_allclose(points, [[18, 72], [72, 72], [72, 126], [18, 126]], atol=2)
    assert Path("inference_results/file_p2_det_res.png").is_file()
    assert [len(result) for result in TextDetector(model)("in/file.pdf")] == [1, 1]
    assert TextDetector(model)("in/file.pdf#2").image_size == (200, 200)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tile", "9"), "tile: expected auto, off or the side of a tile from 128 pixels, got '9'"),
        (("--scales", "1", "11"), r"scales: expected numbers from 0\.1 to 10, got \[1\.0, 11\.0\]"),
        (("--dpi", "5000"), "DecodeImage.*dpi: expected 18 to 2400, got 5000"),
    ],
)
def test_wrong_values(model, tmp_path, words, message):
    write(tmp_path / "in/a.png")
    with pytest.raises((UserError, ConfigError), match=message):
        infer(model, *words)


def test_a_detector_in_python(model):
    image = white_box((900, 1300), (100, 400, 1200, 430))
    np.testing.assert_allclose(TextDetector(model, tile="auto")(image).polygons, [LONG], atol=1.5)
    (lost,) = TextDetector(model, scales=(0.5, 1), flip=True)(image).polygons
    np.testing.assert_allclose(lost, LONG, atol=12)  # reduced to 256 pixels, and to 128
