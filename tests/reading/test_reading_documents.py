"""Reading the pages of documents, into a searchable PDF too."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image
from stand_ins import put_in

from mindocr.errors import UserError
from mindocr.reading import reader as module
from mindocr.reading.reader import TextReader
from mindocr.reading.run import read_images

pdfium = pytest.importorskip("pypdfium2")


def page(value):
    image = np.zeros((120, 200, 3), np.uint8)
    image[20:40, 30:170] = value
    image[70:90, 30:100] = 255
    return image


@pytest.fixture
def reader(monkeypatch):
    put_in(module, monkeypatch.setattr)
    return TextReader()


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    first, second = (Image.fromarray(page(value)) for value in (200, 220))
    first.save(folder / "scan.tif", save_all=True, append_images=[second])
    assert cv2.imwrite(str(folder / "photo.png"), page(240))
    return folder


def test_each_page_has_its_text_and_its_names(reader, scans, tmp_path):
    screen = io.StringIO()
    assert read_images(reader, [str(scans)], screen, tmp_path / "out") == 0
    lines = [json.loads(line) for line in (tmp_path / "out/read_results.jsonl").read_text().splitlines()]
    assert [line["image"].removeprefix(f"{scans}/") for line in lines] == ["photo.png", "scan.tif#1", "scan.tif#2"]
    assert [line["lines"][0]["transcription"] for line in lines] == ["240", "200", "220"]
    assert (tmp_path / "out/scan_p2_read.png").is_file()


def test_a_searchable_pdf_of_each_document(reader, scans, tmp_path):
    assert read_images(reader, [str(scans)], io.StringIO(), tmp_path / "out", form="pdf", draw=False, dpi=72) == 0
    made = {file.name: pdfium.PdfDocument(file) for file in (tmp_path / "out").glob("*.pdf")}
    assert {name: len(each) for name, each in made.items()} == {"photo_read.pdf": 1, "scan_read.pdf": 2}
    texts = [each.get_textpage().get_text_bounded().split() for each in made["scan_read.pdf"]]
    assert texts == [["200", "255"], ["220", "255"]] and made["scan_read.pdf"][1].get_size() == (200, 120)
    # and a PDF is read again, at the same resolution
    screen = io.StringIO()
    assert read_images(reader, [str(tmp_path / "out/scan_read.pdf")], screen, dpi=72) == 0
    assert screen.getvalue().count("scan_read.pdf#") == 2


def test_a_pdf_cannot_be_resumed(reader, scans, tmp_path):
    with pytest.raises(UserError, match="--resume: a PDF is written as a whole"):
        read_images(reader, [str(scans)], io.StringIO(), tmp_path / "out", form="pdf", resume=True)
    with pytest.raises(UserError, match="--dpi: expected 18 to 2400, got 5"):
        read_images(reader, [str(scans)], io.StringIO(), dpi=5)


def test_flags_of_read(reader, scans, tmp_path, monkeypatch, capsys):
    from mindocr.cli.main import run_command
    from mindocr.images.read import LARGE_PIXELS, MAX_PIXELS

    made = []
    monkeypatch.setattr(module, "TextDetector", lambda model, **words: made.append(words) or reader.detector)
    assert run_command("read", [str(scans / "photo.png"), "--tile", "auto", "--flip", "--scales", "1", "2"]) == 0
    assert made == [{"tile": "auto", "scales": [1.0, 2.0], "flip": True}]
    assert TextReader(tile=960).max_pixels == LARGE_PIXELS and TextReader().max_pixels == MAX_PIXELS
    assert made[1:] == [{"tile": 960}, {}]
    capsys.readouterr()
