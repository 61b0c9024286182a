"""Report of an inspection as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindocr.formats.label_file import IGNORED
from mindocr.inspection.files import write_whole
from mindocr.inspection.kinds import KINDS, Kind
from mindocr.inspection.overrides import as_shell_words
from mindocr.inspection.pictures import draw_texts, picture_of, read_line_image
from mindocr.inspection.statistics import PERCENTILES, Histogram, Statistics
from mindocr.inspection.survey import Inspection
from mindocr.utils.html import Series, bar_chart, picture_uri, render

NAME = "dataset.html"
_TEMPLATE = Path(__file__).with_name("templates") / "dataset.html.j2"
_LABELLED_SIDE = 560  # pixels of the longer side of an image with its labels
_PLACES = 20  # positions listed for each kind
_CHARTS = (
    ("height", "Height of letters in pixels"),
    ("aspect", "Length / height"),
    ("texts_per_image", "Texts per image"),
)


def write_page(
    target: Path,
    inspection: Inspection,
    statistics: dict[str, Statistics],
    pictures: int = 6,
    images: int = 24,
    overrides: Sequence[str] = (),
) -> Path:
    """Write the page.

    Args:
        target: ``.html`` file, or a folder for ``dataset.html``.
        inspection: result of the inspection.
        statistics: statistics by part.
        pictures: largest number of pictures for each kind of problem.
        images: largest number of images that are shown with their labels, whether they have problems or not.
        overrides: recommended sizes as overrides of the recipe.

    Returns:
        The file written.

    Raises:
        DataError: it cannot be written.
    """
    path = place_of_page(target)
    found = [kind for kind in KINDS if inspection.of_kind(kind.key)]
    page = render(
        _TEMPLATE,
        sources=inspection.sources,
        settings=inspection.settings,
        parts=[(part, numbers, _charts(numbers)) for part, numbers in statistics.items()],
        percentiles=PERCENTILES,
        overrides=as_shell_words(overrides),
        labelled=_labelled_images(inspection, images),
        kinds=[_section(inspection, kind, list(statistics), pictures) for kind in found],
        absent=[kind.title for kind in KINDS if kind not in found],
    )
    write_whole(path, page.encode("utf-8", errors="backslashreplace").decode("utf-8"))
    return path


def place_of_page(target: Path) -> Path:
    """The file for a target that may be a folder."""
    return target if target.suffix.lower() in (".html", ".htm") else target / NAME


def _charts(numbers: Statistics) -> list[tuple[str, Any]]:
    charts = []
    for key, title in _CHARTS:
        histogram: Histogram = getattr(numbers, key)
        series = [Series("texts that count", histogram.counted), Series("ignored texts", histogram.ignored)]
        if key == "texts_per_image":
            series = [Series("images", histogram.counted)]
        charts.append((title, bar_chart(title, histogram.labels(), series)))
    return charts


def _labelled_images(inspection: Inspection, most: int) -> list[tuple[str, str, str]]:
    """Picture, position and number of texts of images at even distances in the label files."""
    usable = [i for i, facts in enumerate(inspection.facts) if facts.usable]
    count = min(most, len(usable))
    shown = []
    for i in (usable[n * len(usable) // count] for n in range(count)):
        line = inspection.lines[i]
        image = read_line_image(inspection, line)
        texts = line.texts_in_pixels((image.shape[1], image.shape[0]))
        ignored = sum(text["transcription"] in IGNORED for text in texts)
        facts = f"{image.shape[1]} x {image.shape[0]}, texts: {len(texts) - ignored} used, {ignored} ignored"
        shown.append((picture_uri(draw_texts(image, texts), _LABELLED_SIDE), f"{line.where} {line.name}", facts))
    return shown


def _section(inspection: Inspection, kind: Kind, parts: list[str], pictures: int) -> dict[str, Any]:
    problems = inspection.of_kind(kind.key)
    shown = []
    for problem in problems[:pictures]:
        picture = picture_of(inspection, problem)
        if picture is not None:
            shown.append((picture_uri(picture), inspection.place(problem), problem.detail))
    return {
        "kind": kind,
        "counts": [len(inspection.of_kind(kind.key, part)) for part in parts],
        "total": len(problems),
        "places": [(inspection.place(problem), problem.detail) for problem in problems[:_PLACES]],
        "pictures": shown,
    }
