"""Many photographs in a row: the same pages as one by one, in order, none lost, few in memory."""

from __future__ import annotations

import io
import weakref

import cv2
import numpy as np
import pytest
from columns_are_letters import ColumnsAreLetters
from stand_ins import Detector, put_in

from mindocr.errors import DataError
from mindocr.inference import recogniser as recogniser_module
from mindocr.inference.recogniser import TextRecogniser
from mindocr.reading import reader as module
from mindocr.reading.reader import TextReader, _in_groups, _Located
from mindocr.reading.run import read_images


@pytest.fixture
def reader(monkeypatch):
    put_in(module, monkeypatch.setattr)
    return TextReader()


@pytest.fixture
def photos(tmp_path):
    """Twenty photographs with none, one or two lines; two files in between are no images."""
    paths = []
    for number in range(20):
        image = np.zeros((60, 90 + number, 3), np.uint8)
        for row in range(number % 3):
            image[5 + 25 * row : 25 + 25 * row, 10:80] = 200 + number
        paths.append(tmp_path / f"{number:02}.png")
        cv2.imwrite(str(paths[-1]), image)
    for number in (7, 19):
        paths[number].write_bytes(b"no image")
    return paths


def test_pages_are_those_of_one_by_one(reader, photos):
    expected = [reader(path) for number, path in enumerate(photos) if number not in (7, 19)]
    read = list(reader.read_all(photos))
    assert [each.path for each in read] == [str(path) for path in photos]
    assert [number for number, each in enumerate(read) if each.page is None] == [7, 19]
    assert all(each.path in str(each.error) for each in read if each.page is None)
    assert [each.page.to_json() for each in read if each.page is not None] == [page.to_json() for page in expected]
    for each in read:
        if each.page is not None:
            assert each.pixels.shape[:2] == each.page.image_size
    reader.overlap = False
    alone = list(reader.read_all(photos))
    assert [each.page is not None and each.page.to_json() for each in alone] == [
        each.page is not None and each.page.to_json() for each in read
    ]
    assert [(each.path, str(each.error)) for each in alone] == [(each.path, str(each.error)) for each in read]


def test_pages_stop_at_a_photograph_that_cannot_be_read(reader, photos):
    pages = reader.pages(photos)
    assert [next(pages).path for _ in range(7)] == [str(path) for path in photos[:7]]
    with pytest.raises(DataError, match=r"07\.png"):
        next(pages)


def test_nothing_but_broken_files(reader, photos):
    assert [each.page for each in reader.read_all([photos[7], photos[19]])] == [None, None]
    assert list(reader.read_all([])) == []


def test_a_photograph_that_the_detector_refuses_is_named(reader, photos, monkeypatch):
    def stream(self, images):
        for number, image in enumerate(images):
            refused = DataError(f"image {number}: 91 x 60 pixels (w x h) would become too large")
            yield refused if image.shape[1] == 91 else self(image)

    monkeypatch.setattr(Detector, "stream", stream)
    first, second, third = reader.read_all(photos[:3])
    assert first.page is not None and third.page is not None
    assert str(second.error) == f"{photos[1]}: 91 x 60 pixels (w x h) would become too large"


def test_the_first_photograph_is_finished_first():
    located = [_Located(np.zeros((10, 10, 3), np.uint8), str(number), None) for number in range(20)]
    assert [len(group) for group in _in_groups(located)] == [1, 2, 4, 8, 5]
    large = np.broadcast_to(np.uint8(0), (1 << 13, 1 << 12, 3))
    located = [_Located(large, str(number), None) for number in range(4)]
    assert [len(group) for group in _in_groups(located)] == [1, 1, 1, 1]


def test_few_photographs_are_in_memory(reader, photos):
    """Neither the pages nor the threads keep the photographs of a long run."""
    alive: list[int] = []
    most = 0
    read = module.read_image

    def counting(path, **options):
        image = read(path, **options)
        alive.append(1)
        weakref.finalize(image, alive.pop)
        return image

    module.read_image = counting
    try:
        pages = 0
        for each in reader.read_all(photos[:7] * 20):
            most, pages = max(most, len(alive)), pages + (each.page is not None)
    finally:
        module.read_image = read
    assert pages == 140 and most <= 8 + 8 + 6


def test_an_interrupt_ends_the_run_and_keeps_what_was_read(reader, photos, tmp_path, monkeypatch):
    class Screen(io.StringIO):
        def write(self, text):
            if str(photos[4]) in text:
                raise KeyboardInterrupt
            return super().write(text)

    with pytest.raises(KeyboardInterrupt):
        read_images(reader, [str(photos[0].parent)], Screen(), tmp_path / "out", draw=False)
    results = tmp_path / "out/read_results.jsonl"
    assert len(results.read_text(encoding="utf-8").splitlines()) == 4
    screen = io.StringIO()
    assert read_images(reader, [str(photos[0].parent)], screen, tmp_path / "out", draw=False, resume=True) == 1
    assert len(results.read_text(encoding="utf-8").splitlines()) == 18
    assert "03.png" not in screen.getvalue() and "04.png" in screen.getvalue()


def line(letters, height=48):
    """An image with letters of 40 pixels, 10 apart, at the height of the network."""
    image = np.zeros((height, 50 * len(letters), 3), np.uint8)
    for number, letter in enumerate(letters):
        image[:, 50 * number + 5 : 50 * number + 45, "abc".index(letter)] = 255
    return image


@pytest.fixture
def recogniser(monkeypatch):
    monkeypatch.setattr(recogniser_module, "open_runner", lambda model, config=None: ColumnsAreLetters())
    return TextRecogniser("a.ckpt")


def test_a_text_does_not_depend_on_what_is_read_with_it(recogniser):
    crops = [line("ab"), line("abcabcabcabc"), line("c"), line("abcabcabcabcab"), line("cab")]
    texts = recogniser.read(crops, batch_size=4)
    assert [text.text for text in texts] == ["ab", "abcabcabcabc", "c", "abcabcabcabcab", "cab"]
    assert recogniser.runner.widths == [320, 608, 704]  # three lines share the first batch
    assert texts == [recogniser.read([crop])[0] for crop in crops]


def test_lines_of_few_widths(recogniser, monkeypatch):
    shapes = []
    run = ColumnsAreLetters.__call__
    monkeypatch.setattr(
        ColumnsAreLetters, "__call__", lambda self, batch: shapes.append(batch.shape) or run(self, batch)
    )
    recogniser.use_widths((320, 640), batch_size=2)
    assert recogniser.plan() == [(recogniser.runner, [(2, 3, 48, 320), (2, 3, 48, 640)])] and shapes == []
    crops = [line("ab"), line("abcabcabc"), line("c"), line("cab"), line("abc" * 6)]
    assert [text.text for text in recogniser.read(crops, batch_size=2)] == ["ab", "abcabcabc", "c", "cab", "abc" * 6]
    assert shapes == [(2, 3, 48, 320), (2, 3, 48, 320), (2, 3, 48, 640), (2, 3, 48, 1280)]
