"""Reading that is resumed: nothing is read twice, nothing is lost, also after SIGKILL."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_ins import put_in

from mindocr.errors import UserError
from mindocr.reading import reader as module
from mindocr.reading.journal import FILE, Journal
from mindocr.reading.reader import TextReader
from mindocr.reading.run import read_images


@pytest.fixture
def reader(monkeypatch):
    put_in(module, monkeypatch.setattr)
    return TextReader()


@pytest.fixture
def photos(tmp_path):
    """Twelve images in two folders with the same names; the text is a number."""
    for number in range(12):
        image = np.zeros((60, 90, 3), np.uint8)
        image[10:40, 10:80] = 200 + number
        folder = tmp_path / "photos" / str(number % 2)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number // 2}.png"), image)
    return tmp_path / "photos"


def read(reader, photos, out, **options):
    screen = io.StringIO()
    assert read_images(reader, [str(photos)], screen, out, recursive=True, **options) == 0
    return screen.getvalue().count("# ")


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


PROCESS = """
import sys, time
sys.path.insert(0, {tests!r})
from stand_ins import put_in
from mindocr.reading import reader as module
from mindocr.reading.run import read_images
put_in(module)
class Slow(module.TextReader):
    def read_all(self, images, dpi):
        for each in super().read_all(images, dpi):
            time.sleep(0.05)
            yield each
read_images(Slow(), [{photos!r}], sys.stdout, module.Path({out!r}), recursive=True, resume=True)
"""


def test_a_killed_run_is_resumed(reader, photos, tmp_path, repo_root):
    read(reader, photos, tmp_path / "whole")
    out = tmp_path / "killed"
    words = {"tests": str(Path(__file__).parent), "photos": str(photos), "out": str(out)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS.format(**words)], stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(repo_root)},
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (out / FILE).exists() and (out / FILE).read_bytes().count(b"\n") > 4:
            break
        time.sleep(0.01)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = (out / FILE).read_bytes().count(b"\n") - 1
    assert read(reader, photos, out, resume=True) == 12 - finished < 9
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("form", ["jsonl", "labels", "mindocr", "ppocrlabel", "text"])
@pytest.mark.parametrize("lost", [1, 7])
def test_a_line_that_was_not_finished_is_written_again(reader, photos, tmp_path, form, lost):
    """Killed between the results file and the journal, or in the middle of a line of the journal."""
    out = tmp_path / "out"
    read(reader, photos, out, form=form)
    whole = contents(out)
    journal = (out / FILE).read_bytes().splitlines(keepends=True)
    (out / FILE).write_bytes(b"".join(journal[:6]) + journal[6][:-lost])
    assert read(reader, photos, out, form=form, resume=True) == 7
    assert contents(out) == whole


def test_a_finished_run_has_nothing_left_and_takes_new_images(reader, photos, tmp_path, caplog):
    out = tmp_path / "out"
    assert read(reader, photos, out, resume=True) == 12
    with caplog.at_level(logging.INFO):
        assert read(reader, photos, out, resume=True) == 0
    assert "resume: 12 of 12 images are read already" in caplog.text
    (photos / "0" / "0.png").rename(photos / "0" / "new.png")
    assert read(reader, photos, out, resume=True) == 1
    assert len((out / "read_results.jsonl").read_bytes().splitlines()) == 13


def test_an_unreadable_image_is_tried_again(reader, photos, tmp_path):
    (photos / "0" / "broken.png").write_bytes(b"no image")
    options = {"recursive": True, "resume": True}
    assert read_images(reader, [str(photos)], io.StringIO(), tmp_path / "out", **options) == 1
    (photos / "0" / "broken.png").write_bytes((photos / "0" / "1.png").read_bytes())
    assert read(reader, photos, tmp_path / "out", resume=True) == 1


def test_without_resume_everything_is_read_again(reader, photos, tmp_path):
    assert [read(reader, photos, tmp_path / "out") for _ in range(2)] == [12, 12]
    assert len((tmp_path / "out" / "read_results.jsonl").read_bytes().splitlines()) == 12


def test_other_settings_are_refused(reader, photos, tmp_path):
    read(reader, photos, tmp_path / "out")
    with pytest.raises(UserError, match=r"the run in \S+ has level 'line', and this one 'word'; repeat its options"):
        read(TextReader(level="word"), photos, tmp_path / "out", resume=True)
    with pytest.raises(UserError, match="has result_format 'jsonl', and this one 'labels'"):
        read(reader, photos, tmp_path / "out", resume=True, form="labels")


def test_what_cannot_be_resumed(reader, photos, tmp_path):
    with pytest.raises(UserError, match="--resume: it needs --output"):
        read_images(reader, [str(photos)], io.StringIO(), resume=True, recursive=True)
    read(reader, photos, tmp_path / "out")
    (tmp_path / "out" / "read_results.jsonl").write_bytes(b"")
    with pytest.raises(UserError, match=r"read_results\.jsonl has 0 bytes, but the run that read_progress\.jsonl"):
        read(reader, photos, tmp_path / "out", resume=True)
    (tmp_path / "out" / FILE).write_bytes(b"no JSON\n")
    with pytest.raises(UserError, match="not the file of a run that can be resumed"):
        read(reader, photos, tmp_path / "out", resume=True)


def test_the_journal_holds_settings_and_images(tmp_path):
    journal = Journal(tmp_path, {"level": "line"})
    journal.add("ä\udcff.png", 12)
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / FILE).read_bytes().splitlines()]
    assert lines == [{"level": "line"}, {"image": "ä\udcff.png", "size": 12}]
    again = Journal(tmp_path, {"level": "line"}, resume=True)
    assert (list(again.done), again.size) == (["ä\udcff.png"], 12)
    again.close()
