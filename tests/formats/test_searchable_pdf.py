"""Searchable PDF: the text is read back with PDFium, from where it was placed; the page shows the image alone."""

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.formats.searchable_pdf import PlacedText, SearchablePdf

pdfium = pytest.importorskip("pypdfium2")


def corners(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], float)


def gradient(h=200, w=400):
    image = np.zeros((h, w, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, w)
    image[..., 1] = np.linspace(0, 255, h)[:, None]
    return image


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "out.pdf"
    writer = SearchablePdf(path)
    texts = [
        PlacedText("Hello world", corners(40, 20, 220, 20)),
        PlacedText("你好，Größe (1)\\", corners(40, 60, 200, 24)),
    ]
    writer.add_page(gradient(), texts, dpi=144)
    assert not path.exists()
    many = "".join(chr(0x4E00 + i) for i in range(300))  # more characters than one font has
    writer.add_page(gradient(100, 300), [PlacedText(many[:150], corners(0, 0, 300, 10)),
                                         PlacedText(many[150:], corners(0, 20, 300, 10))], dpi=72)  # fmt: skip
    writer.add_page(gradient(100, 100), [], dpi=72)
    writer.close()
    document = pdfium.PdfDocument(path)
    yield document
    document.close()


def text_of(page):
    return page.get_textpage().get_text_bounded().replace("\r\n", "\n").strip()


def test_the_text_is_read_back(made):
    assert [tuple(round(side) for side in page.get_size()) for page in made] == [(200, 100), (300, 100), (100, 100)]
    assert text_of(made[0]) == "Hello world\n你好，Größe (1)\\"
    assert text_of(made[1]).replace("\n", "") == "".join(chr(0x4E00 + i) for i in range(300))
    assert text_of(made[2]) == ""


def test_the_text_is_where_it_was_placed(made):
    page = made[0].get_textpage()
    # pixels (40, 20) to (260, 40) at 144 dpi: points 20 to 130, and 100 - 20 = 80 to 90 from below
    assert page.get_text_bounded(left=18, bottom=79, right=132, top=92) == "Hello world"
    left, bottom, _, top = page.get_charbox(0)
    right = page.get_charbox(10)[2]
    assert left == pytest.approx(20, abs=2) and right == pytest.approx(130, abs=4)
    assert bottom == pytest.approx(80, abs=4) and top == pytest.approx(90, abs=4)


def test_a_turned_text(tmp_path):
    writer = SearchablePdf(tmp_path / "turned.pdf")
    upwards = np.array([[50, 180], [50, 20], [70, 20], [70, 180]], float)  # reads from below to above
    writer.add_page(gradient(), [PlacedText("spine", upwards)], dpi=72)
    writer.close()
    page = pdfium.PdfDocument(tmp_path / "turned.pdf")[0].get_textpage()
    first, last = page.get_charbox(0), page.get_charbox(4)
    assert page.get_text_bounded().strip() == "spine"
    assert first[1] < 60 < 150 < last[3] and 45 < first[0] < 75


def test_the_page_shows_the_image_alone(made):
    shown = made[0].render(scale=2).to_numpy()[..., 2::-1]
    assert np.abs(shown.astype(int) - gradient()).mean() < 3


def test_an_image_that_a_pdf_cannot_hold(tmp_path):
    writer = SearchablePdf(tmp_path / "a.pdf")
    with pytest.raises(DataError, match=r"70000 x 1 pixels \(w x h\) cannot be stored in a PDF"):
        writer.add_page(np.zeros((1, 70000, 3), np.uint8), [], 72)
    writer.close()
