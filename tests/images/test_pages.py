"""Pages of PDF and TIFF files as images."""

import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.data.datasets.sources import find_images
from mindocr.errors import DataError
from mindocr.images import pdf
from mindocr.images.pages import Page, document_of, expand, page_of
from mindocr.images.read import read_image
from mindocr.images.tiff_pages import count_pages
from mindocr.inference.output_names import OutputNames

pdfium = pytest.importorskip("pypdfium2")

COLOURS = [(250, 20, 30), (20, 240, 40), (10, 30, 230)]


def pictures():
    """Three images of different sizes and colours, each with a white corner at its top left."""
    made = [np.full((40 + 10 * i, 60, 3), colour, np.uint8) for i, colour in enumerate(COLOURS)]
    for image in made:
        image[:8, :8] = 255
    return made


@pytest.fixture
def document(tmp_path):
    """A PDF of three pages of 1 x 2 inches, each with a black square in its lower left quarter."""
    path = tmp_path / "file.pdf"
    made = pdfium.PdfDocument.new()
    for _ in range(3):
        page = made.new_page(72, 144)
        square = pdfium.raw.FPDFPageObj_CreateNewRect(0, 0, 36, 72)
        pdfium.raw.FPDFPageObj_SetFillColor(square, 0, 0, 0, 255)
        pdfium.raw.FPDFPath_SetDrawMode(square, pdfium.raw.FPDF_FILLMODE_ALTERNATE, False)
        pdfium.raw.FPDFPage_InsertObject(page, square)
        page.gen_content()
    made.save(path)
    made.close()
    return path


def test_pages_of_a_pdf(document):
    files = expand([document])
    assert [str(file) for file in files] == [f"{document}#{i}" for i in (1, 2, 3)]
    image = read_image(files[1], dpi=100)
    assert image.shape == (200, 100, 3)
    assert image[50, 25].tolist() == [255] * 3 == image[150, 75].tolist() and image[150, 25].tolist() == [0] * 3
    assert read_image(files[0]).shape == (400, 200, 3)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg", "tiff_deflate"])
def test_pages_of_a_tiff(tmp_path, compression):
    path = tmp_path / "scan.tif"
    first, *more = map(Image.fromarray, pictures())
    first.save(path, save_all=True, append_images=more, compression=compression)
    files = expand([path])
    assert [file.name for file in files] == ["scan.tif#1", "scan.tif#2", "scan.tif#3"]
    for file, expected in zip(files, pictures()):
        found = read_image(file)
        assert found.shape == expected.shape
        assert np.abs(found[12:, 12:].astype(int) - expected[12:, 12:]).max() <= (4 if compression == "jpeg" else 0)


def test_pages_of_a_tiff_of_tiles_and_many_strips(tmp_path):
    path = tmp_path / "scan.tiff"
    rng = np.random.default_rng(0)
    made = [rng.integers(0, 255, (300, 200, 3), np.uint8) for _ in range(2)]
    assert cv2.imwritemulti(str(path), [image[..., ::-1] for image in made], [cv2.IMWRITE_TIFF_ROWSPERSTRIP, 16])
    for file, expected in zip(expand([path]), made, strict=True):
        np.testing.assert_array_equal(read_image(file), expected)


def test_a_thumbnail_is_no_page(tmp_path):
    path = tmp_path / "scan.tif"
    first, second, _ = map(Image.fromarray, pictures())
    small = second.resize((10, 10))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(path, save_all=True, append_images=[small])
    assert count_pages(path) == 1 and expand([path]) == [path]


def test_a_tiff_that_is_read_by_its_own_name_says_that_it_has_more_pages(tmp_path, caplog):
    path = tmp_path / "scan.tif"
    first, *more = map(Image.fromarray, pictures())
    first.save(path, save_all=True, append_images=more)
    assert read_image(path).shape == (40, 60, 3)
    read_image(path)
    assert caplog.text.count("the first of its 3 pages is read") == 1


def test_what_a_search_finds(tmp_path, document):
    Image.fromarray(pictures()[0]).save(tmp_path / "photo.png")
    names = [file.name for file in find_images(tmp_path)]
    assert names == ["file.pdf#1", "file.pdf#2", "file.pdf#3", "photo.png"]
    assert [file.name for file in find_images(tmp_path / "*.pdf")] == names[:3]
    assert [file.name for file in find_images(document)] == names[:3]
    assert find_images(tmp_path / "file.pdf#2") == [tmp_path / "file.pdf#2"]


def test_names(tmp_path, document):
    assert page_of(f"{document}#2") == Page(str(document), 2) and document_of(f"{document}#2") == str(document)
    assert page_of(document) is None and page_of(f"{document}#0") is None and page_of(tmp_path / "no.pdf#1") is None
    (tmp_path / "file.pdf#2").write_bytes(b"a file of that name")
    assert page_of(f"{document}#2") is None
    names = OutputNames()
    assert [names.name_of(f"{document}#{i}") for i in (1, 3)] == ["file_p1", "file_p3"]


def test_documents_that_cannot_be_read(tmp_path, document):
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(document.read_bytes()[:60])
    assert expand([damaged]) == [damaged]
    with pytest.raises(DataError, match=r"damaged\.pdf: not a PDF that PDFium can open .* damaged, or no PDF at all$"):
        read_image(damaged)
    with pytest.raises(DataError, match=r"file\.pdf#4: there is no such page; the file has 3$"):
        read_image(f"{document}#4")
    with pytest.raises(DataError, match=r"file\.pdf: a PDF holds pages; name one of them, such as .*file\.pdf#1$"):
        read_image(document)
    with pytest.raises(DataError, match=r"file\.pdf#1: 1000 x 2000 pixels .* at 1000 dpi, .* choose a lower --dpi$"):
        read_image(f"{document}#1", dpi=1000, max_pixels=1_999_999)
    scan = tmp_path / "scan.tif"
    first, *more = map(Image.fromarray, pictures())
    first.save(scan, save_all=True, append_images=more)
    with pytest.raises(DataError, match=r"scan\.tif#4: there is no such page; the file has 3$"):
        read_image(f"{scan}#4")


def test_a_pdf_with_a_password(tmp_path, encrypted_pdf):
    path = tmp_path / "secret.pdf"
    path.write_bytes(encrypted_pdf)
    with pytest.raises(DataError, match=r"secret\.pdf: this PDF is protected by a password; save a copy without one$"):
        read_image(path)


@pytest.fixture
def encrypted_pdf():
    """A PDF with an encryption dictionary whose keys belong to no empty password."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>",
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + b"31" * 32 + b"> /U <" + b"32" * 32 + b"> >>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<00> <00>] >>"
    return content + b"xref\n0 5\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        rows, trailer, len(content))  # fmt: skip


def test_without_pypdfium2(monkeypatch, document, caplog):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    monkeypatch.setattr(pdf, "is_installed", lambda: False)
    Image.fromarray(pictures()[0]).save(document.parent / "photo.png")
    assert [file.name for file in find_images(document.parent)] == ["photo.png"]
    assert "PDF files are read where pypdfium2 is installed" in caplog.text
    assert expand([document]) == [document]
    with pytest.raises(DataError, match="PDF files need pypdfium2; install it with: pip install pypdfium2"):
        read_image(document)


def test_a_tiff_that_states_more_pixels_than_it_has(tmp_path):
    path = tmp_path / "scan.tif"
    first, second, _ = map(Image.fromarray, pictures())
    first.save(path, save_all=True, append_images=[second])
    length = (50 * 60 * 3).to_bytes(4, "little")  # of the second page
    content = path.read_bytes()
    assert content.count(length) == 1
    path.write_bytes(content.replace(length, b"\xff\xff\xff\xff"))
    with pytest.raises(DataError, match=r"scan\.tif#2: this TIFF is damaged .*its pixels should have 4294967295 bytes"):
        read_image(f"{path}#2")
    assert read_image(f"{path}#1").shape == (40, 60, 3)


@pytest.mark.parametrize("cut", [9, 40, 200])
def test_a_tiff_that_is_cut_short_has_fewer_pages_or_none(tmp_path, cut):
    path = tmp_path / "scan.tif"
    first, *more = map(Image.fromarray, pictures())
    first.save(path, save_all=True, append_images=more)
    path.write_bytes(path.read_bytes()[:cut])
    assert count_pages(path) <= 1
    with pytest.raises(DataError):
        read_image(f"{path}#1")
