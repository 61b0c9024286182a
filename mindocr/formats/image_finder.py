"""The image files that annotations of other tools name, however their paths are written.

Annotations contain paths of the computer on which they were made: URLs, paths of other systems, paths that begin with
other folders. An image is found by the longest end of its path. An annotation is never given to an image that it may
not mean: two annotations of one file are an error, and an annotation whose folder is known to be another one counts as
missing.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from mindocr.errors import DataError
from mindocr.formats.datasets.images import look_at
from mindocr.formats.label_file import shorten
from mindocr.images.read import IMAGE_SUFFIXES
from mindocr.utils.search import find_files

_NAME_ONLY = "images found by their file name; the folders in the annotation have other names"
_PARTS = frozenset(("train", "training", "val", "valid", "validation", "test", "testing"))
_WEAK, _SURE, _EXACT = 1, 2, 3


@dataclass(frozen=True)
class Wanted:
    """An image that an annotation names.

    Attributes:
        names: its possible paths, most likely first, as :func:`possible_names` returns them.
        where: the annotation, for messages.
        size: (w, h) that the annotation states, or None.
        folders: folders from which a relative path may start, before the folder of images.
        lenient: the folders in the path say nothing about the image, as in the names of uploads.
    """

    names: Sequence[str]
    where: str
    size: tuple[int, int] | None = None
    folders: tuple[Path, ...] = ()
    lenient: bool = False


class Match(NamedTuple):
    """The file of an image, and why it cannot be used (empty = it can)."""

    image: Path
    problem: str = ""


@dataclass(frozen=True)
class _Pick:
    """A match with its strength: only the file name agrees, the folders too, or the path itself exists."""

    wanted: Wanted
    image: Path
    strength: int = 0
    shared: int = 0
    problem: str = ""


def possible_names(text: str) -> tuple[str, ...]:
    """Paths that a path or URL of an annotation may mean: as written, and with ``%20`` and the like decoded."""
    try:
        parts = urlsplit(text)
        stored = parse_qs(parts.query).get("d")
    except ValueError:  # no URL, such as a name with [
        return (text,)
    if stored:  # local storage of Label Studio
        return (stored[0],)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        return tuple(dict.fromkeys((unquote(parts.path), parts.path)))
    return tuple(dict.fromkeys((text, unquote(text))))


def without_upload_id(name: str) -> str:
    """The file name of an image before its upload to Label Studio, which puts eight digits and a hyphen before it."""
    return re.sub(r"^[0-9a-f]{8}-", "", name)


def find_images(image_dir: Path, wanted: Sequence[Wanted], notes: Counter[str] | None = None) -> list[Match]:
    """Find the file of each image.

    Args:
        image_dir: the folder of images.
        wanted: all images of an annotation file, or of a folder of them.
        notes: receives the number of images that were found by their file name alone.

    Returns:
        A match for each image, in order.

    Raises:
        DataError: two annotations mean the same file, and neither is the better match.
    """
    index = _Index(image_dir)
    picks = [_pick(one, image_dir, index) for one in wanted]
    sure = any(pick.strength >= _SURE and not pick.wanted.lenient for pick in picks)
    picks = [_check(pick, image_dir, sure) for pick in picks]
    claims: dict[Path, list[int]] = defaultdict(list)
    for number, pick in enumerate(picks):
        if not pick.problem:
            claims[pick.image].append(number)
    for image, numbers in claims.items():
        ranked = sorted(numbers, key=lambda n: (-picks[n].strength, -picks[n].shared))
        best = picks[ranked[0]]
        for number in ranked[1:]:
            other = picks[number]
            if (other.strength, other.shared) == (best.strength, best.shared):
                raise DataError(
                    f"{other.wanted.where}: {shorten(other.wanted.names[0])} and {shorten(best.wanted.names[0])} "
                    f"({best.wanted.where}) would both be {image}; set --image_dir to a folder that contains both "
                    "images, or remove one of the two annotations"
                )
            problem = f"not in {image_dir}, whose {image.name} is {shorten(best.wanted.names[0])} ({best.wanted.where})"
            picks[number] = replace(other, problem=problem)
    if notes is not None:
        alone = sum(pick.strength == _WEAK and not pick.problem for pick in picks)
        notes.update({_NAME_ONLY: alone} if alone else {})
    return [Match(pick.image, pick.problem) for pick in picks]


def _pick(wanted: Wanted, image_dir: Path, index: _Index) -> _Pick:
    outside = None
    missing = _Pick(wanted, image_dir / _below(wanted.names[0]), problem="no such image")
    for name in wanted.names:
        text = name.replace("\\", "/")
        parts = _parts(text)
        if not parts:
            continue
        absolute = text.startswith("/") or bool(re.match(r"(file:|[A-Za-z]:)", text))
        bases = () if absolute else (*wanted.folders, image_dir)
        # A file of this path elsewhere is the one that is meant, unless the path is a bare name.
        guesses = (*bases, image_dir.resolve().parent) if len(parts) > 1 and not absolute else bases
        for file in [Path(text)] if absolute else [base / text for base in guesses]:
            inside = _inside(file, image_dir)
            if inside is not None and _is_file(inside):
                return _Pick(wanted, inside, _EXACT, len(parts))
            if inside is None and (len(parts) > 1 or ".." in text) and not wanted.lenient and _is_file(file):
                outside = outside or file
    if outside is not None:
        return replace(missing, problem=f"the image is {outside}, which is not below {image_dir}")
    for name in wanted.names:
        parts = _parts(name.replace("\\", "/"))
        shared, files = index.best(parts) if parts else (0, [])
        if len(files) > 1:
            shown = ", ".join(str(file.relative_to(image_dir)) for file in files[:3])
            return replace(missing, problem=f"{len(files)} images have this name, such as {shown}")
        if files:
            whole = len(parts) == 1 and ".." not in name
            return _Pick(wanted, files[0], _SURE if whole or shared > 1 else _WEAK, shared)
    return missing


def _check(pick: _Pick, image_dir: Path, sure: bool) -> _Pick:
    """A weak match is refused where others show which folders are meant, and where the size is another one."""
    if pick.strength != _WEAK or pick.problem:
        return pick
    folder = "".join(_parts(pick.wanted.names[0].replace("\\", "/"))[-2:-1])
    if not pick.wanted.lenient and (sure or _are_parts(folder, pick.image.resolve().parent.name)):
        name = pick.image.relative_to(image_dir)
        return replace(pick, problem=f"{image_dir} contains a {name}, but it is not the one in '{folder}'")
    if pick.wanted.size is not None:
        _, (w, h), problem = look_at(pick.image)
        if not problem and pick.wanted.size not in ((w, h), (h, w)):
            stated = "{} x {}".format(*pick.wanted.size)
            return replace(
                pick, problem=f"{pick.image} is another image: it has {w} x {h} pixels, the annotation states {stated}"
            )
    return pick


def _are_parts(one: str, other: str) -> bool:
    """Whether two names of folders are those of two parts of a data set, such as batch1 and batch2, train and test."""
    if one == other:
        return False
    return re.sub(r"\d+", "0", one) == re.sub(r"\d+", "0", other) or {one.lower(), other.lower()} <= _PARTS


def _parts(path: str) -> list[str]:
    """Components of a path with slashes, without drive and server; after the last ``..`` where there is one."""
    path = re.sub(r"^(file:)?/*([A-Za-z]:)?", "", path)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return parts[len(parts) - parts[::-1].index("..") :] if ".." in parts else parts


def _below(name: str) -> str:
    return "/".join(_parts(name.replace("\\", "/"))) or "_"


def _inside(file: Path, image_dir: Path) -> Path | None:
    """The file as a path below ``image_dir``, or None; links are not followed below it."""
    try:
        for folder in (image_dir, Path(os.path.abspath(image_dir)), image_dir.resolve()):  # noqa: PTH100
            path = Path(os.path.normpath(file))
            base = Path(os.path.normpath(folder))
            if path.is_absolute() == base.is_absolute() and path.is_relative_to(base) and path != base:
                return image_dir / path.relative_to(base)
        resolved = file.resolve()
        if resolved.is_relative_to(image_dir.resolve()):
            return image_dir / resolved.relative_to(image_dir.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
        pass
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


class _Index:
    """The images of a folder by their file name; searched when the first image is not where it should be."""

    def __init__(self, image_dir: Path) -> None:
        self._image_dir = image_dir
        self._by_name: dict[str, list[Path]] | None = None
        self._above = image_dir.resolve().parts

    def best(self, parts: Sequence[str]) -> tuple[int, list[Path]]:
        """The number of components at the end that agree, and the images for which it is the largest.

        Names that differ in upper and lower case agree if no other does; so do names in other forms of Unicode.
        """
        if self._by_name is None:
            self._by_name = defaultdict(list)
            for file in find_files(self._image_dir, IMAGE_SUFFIXES).files:
                self._by_name[_form(file.name).casefold()].append(file)
        name = _form(parts[-1])
        alike = self._by_name.get(name.casefold(), [])
        files = [file for file in alike if _form(file.name) == name] or alike
        shared = {file: self._shared(file, parts) for file in files}
        largest = max(shared.values(), default=0)
        return largest, [file for file in files if shared[file] == largest]

    def _shared(self, file: Path, parts: Sequence[str]) -> int:
        own = (*self._above, *file.relative_to(self._image_dir).parts)
        pairs = zip(reversed(own[:-1]), reversed(parts[:-1]))
        return 1 + next((i for i, (a, b) in enumerate(pairs) if _form(a) != _form(b)), min(len(own), len(parts)) - 1)


def _form(name: str) -> str:
    return unicodedata.normalize("NFC", name)
