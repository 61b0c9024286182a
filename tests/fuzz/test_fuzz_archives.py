"""Zip archives of results and of ground truth: read by the scorer and by the exchange with annotation tools."""

import io
import os
import stat
import zipfile

import cv2
import numpy as np
import pytest
from mutations import cut, flip, noise, pick, spoil

from mindocr.formats import annotation_tools
from mindocr.formats.benchmarks import READERS, read_outlines

TRUTH = b"10,20,60,20,60,50,10,50,word\n70,20,90,20,90,50,70,50,###\n"
FOUND = b"10,20,60,20,60,50,10,50\n"
NAMES = (
    "../../secret.txt", "/etc/passwd", "/etc/cron.d/x.txt", "..\\..\\x.txt", "C:\\x.txt", "gt_img_1.txt/",
    "a/gt_img_1.txt",
    "", ".", "..", ".txt", "gt_img_1.txt", "gt_\udcff.txt".encode("utf-8", "surrogateescape").decode("latin-1"),
    "a" * 300 + ".txt",
    "gt_img_1.exe", "CON.txt", "gt_img_1.TXT", "gt_img_2.txt", "\n.txt", "~.txt", "$HOME.txt", "gt_img_1.txt.zip",
)  # fmt: skip
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def packed(files, method=zipfile.ZIP_DEFLATED, link=""):
    """An archive of (name, content), whatever the names are; ``link`` makes the first a symbolic link."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for number, (name, content) in enumerate(files):
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = method
            if link and number == 0:
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                content = os.fsencode(link)
            archive.writestr(info, content)
    return file.getvalue()


def hostile(rng, line):
    """An archive: spoiled as a file, or sound with hostile names or contents."""
    files = [("gt_img_1.txt", line), ("gt_img_2.txt", b"")]
    chance = rng.random()
    if chance < 0.35:
        content = packed(files, pick(rng, METHODS))
        return pick(rng, (flip, flip, cut, noise))(content, rng)
    if chance < 0.5:  # the directory at the end lies
        content = bytearray(packed(files))
        start = content.rindex(b"PK\x01\x02") + int(rng.integers(4, 46))
        content[start : start + 4] = rng.bytes(4)
        return bytes(content)
    if chance < 0.7:
        files[int(rng.integers(2))] = (pick(rng, NAMES), line)
        return packed(files, pick(rng, METHODS), link=pick(rng, ("", "", "/etc/passwd", "../../secret.txt")))
    return packed([("gt_img_1.txt", spoil(line, rng)), files[1]], pick(rng, METHODS))


def score(arena, content, role="gt", file_format="icdar2015"):
    (arena.inputs / "file.zip").write_bytes(content)
    return lambda: read_outlines(arena.inputs / "file.zip", role, file_format)


def bring_in(arena, content, layout="quads"):
    images = arena.inputs / "images"
    images.mkdir()
    for number in (1, 2):
        assert cv2.imwrite(str(images / f"img_{number}.jpg"), np.zeros((80, 120, 3), np.uint8))
    (arena.inputs / "file.zip").write_bytes(content)
    options = annotation_tools.Options(layout=layout)
    return lambda: annotation_tools.import_labels(
        "icdar", images, arena.inputs / "file.zip", arena.out / "gt.txt", options
    )


def prepare(rng, arena):
    chance = rng.random()
    if chance < 0.4:
        return bring_in(arena, hostile(rng, TRUTH), pick(rng, ("quads", "polygons", "ic15", "")))
    role = pick(rng, ("gt", "det"))
    return score(arena, hostile(rng, TRUTH if role == "gt" else FOUND), role, pick(rng, sorted(READERS)))


def test_hostile_archives(fuzz):
    outcomes = fuzz("archives", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


def encrypted():
    content = bytearray(packed([("gt_img_1.txt", TRUTH)]))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def lying():
    """A file of 100 MB that says it has ten bytes."""
    content = bytearray(packed([("gt_img_1.txt", b"1" * 100_000_000)]))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.index(mark) + offset
        content[start : start + 4] = (10).to_bytes(4, "little")
    return bytes(content)


INNER = packed([("gt_img_1.txt", TRUTH)])
CHOSEN = {
    "leads out": (packed([("../../secret.txt", TRUTH)]), "a path that leads out of the archive"),
    "absolute": (packed([("/etc/passwd.txt", TRUTH)]), "a path that leads out of the archive"),
    "backslashes": (packed([("..\\x.txt", TRUTH)]), "a path that leads out of the archive"),
    "link": (packed([("gt_img_1.txt", TRUTH)], link="/etc/passwd"), "gt_img_1.txt"),
    "ten thousand": (packed([(f"gt_img_{i}.txt", TRUTH) for i in range(10_000)] + [("x.exe", b"")]),
    "x.exe: expected only"),
    "bomb": (packed([("gt_img_1.txt", bytes(50_000_000))]), "too large"),
    "many bombs": (packed([(f"gt_img_{i}.txt", bytes(8_000_000)) for i in range(70)]), "bytes after unpacking"),
    "lying about its size": (lying(), "file.zip"),
    "nested": (packed([("gt_img_1.zip", INNER)]), "expected only files ending in"),
    "nested under another name": (packed([("gt_img_1.txt", INNER)]), "file.zip"),
    "encrypted": (encrypted(), "is encrypted"),
    "twice": (packed([("gt_img_1.txt", TRUTH), ("gt_img_1.txt", b"")]), "occurs twice in the archive"),
    "empty": (packed([]), "no file ending in"),
    "cut": (INNER[:-30], "file.zip"),
    "no archive": (b"PK\x03\x04" + bytes(100), "file.zip"),
    "lzma": (packed([("gt_img_1.txt", TRUTH * 50)], zipfile.ZIP_LZMA).replace(b"word", b"w0rd")[:90] + INNER[90:],
    "file.zip"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("use", [score, bring_in])
def test_chosen_archives(refused, use, name):
    content, message = CHOSEN[name]
    assert message in refused(lambda arena: use(arena, content))


def test_ten_thousand_entries_are_read(accepted):
    accepted(lambda arena: score(arena, packed([(f"res_img_{i}.txt", FOUND) for i in range(10_000)]), "det"))
