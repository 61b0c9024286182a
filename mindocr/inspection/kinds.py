"""The kinds of problems that a data set can have: what each one means, and what is done about it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


class Kind(NamedTuple):
    """A kind of problem.

    Attributes:
        key: its name in JSON and in ``Problem.kind``.
        severity: error = training stops at it; warning = training or scores suffer; note = worth knowing.
        title: a few words, for tables.
        meaning: what is wrong and what it does.
        fix: what ``--fix`` does about it; empty = nothing.
    """

    key: str
    severity: Severity
    title: str
    meaning: str
    fix: str = ""


class Problem(NamedTuple):
    """One finding.

    Attributes:
        kind: key of its :class:`Kind`.
        line: index of the label line among all that were read.
        text: number of the text in its line, from 1; 0 = the line or its image as a whole.
        detail: what was found there.
        weight: the larger, the worse, among those of one kind.
        other: index of the second line for problems between two images, else -1.
    """

    kind: str
    line: int
    text: int
    detail: str
    weight: float = 0.0
    other: int = -1


_DROP_LINE = "leaves the line out"
_DROP_TEXT = "leaves the text out"

KINDS = (
    Kind("malformed_line", "error", "malformed label line",
         "The line is not `path<TAB>JSON list` of texts with points; training stops at it.", _DROP_LINE),
    Kind("missing_image", "error", "image missing",
         "The image that the line names is not there; training stops at it.", _DROP_LINE),
    Kind("undecodable_image", "error", "image cannot be decoded",
         "The file is empty or no image; training stops at it, or skips it with `on_error: skip`.", _DROP_LINE),
    Kind("cut_short_image", "error", "image cut short",
         "The JPEG ends before its end marker, as after an interrupted copy; training stops at it.", _DROP_LINE),
    Kind("damaged_image", "warning", "image data damaged",
         "The file decodes, but the decoder complained: part of the picture is grey or garbled."),
    Kind("exif_rotation", "note", "turned by its EXIF data",
         "Training shows the image upright; labels made on the stored pixels do not fit then."),
    Kind("labels_lie_on_side", "warning", "labels fit the image turned by 90 degrees",
         "Points leave the image as training sees it, but would fit it lying on its side. Turn the image, or set "
         "`DecodeImage.ignore_orientation`."),
    Kind("odd_pixels", "note", "converted to 8-bit RGB",
         "16 bits, CMYK, a palette or transparency; training sees what OpenCV makes of it."),
    Kind("misnamed_image", "note", "format is not what the name says",
         "It is decoded by its content all the same."),
    Kind("point_outside", "warning", "points outside the image",
         "Part of the text lies outside, where nothing can be learned or found.", "cuts the polygon to the image"),
    Kind("text_outside", "warning", "text wholly outside the image",
         "Training leaves such texts out.", _DROP_TEXT),
    Kind("self_crossing", "warning", "outline crosses itself",
         "As a bow tie does; its area, and so every label map, is wrong.",
         "puts the corners of quadrilaterals in order; others stay"),
    Kind("counter_clockwise", "warning", "points run counter-clockwise",
         "Points are expected clockwise on the screen.", "reverses them, the first stays first"),
    Kind("non_convex", "note", "quadrilateral is not convex",
         "It is bent inwards, or a corner lies on a side or on another corner: seldom meant."),
    Kind("repeated_point", "note", "points repeated",
         "Neighbouring points are the same.", "removes them where four different points are left"),
    Kind("zero_area", "warning", "no area",
         "The outline encloses nothing.", _DROP_TEXT),
    Kind("vanishes", "warning", "vanishes when shrunk",
         "Shrunk for DBNet's text map, less than a pixel's thickness is left at the size of training: there is next to "
         "nothing to learn from, though the text counts."),
    Kind("falls_apart", "note", "falls apart when shrunk",
         "Shrunk for DBNet's text map, it becomes several regions: a narrow waist."),
    Kind("below_filter", "note", "smaller than the filter",
         "A side of its upright box is below `min_text_size` at the size of training: it is ignored there."),
    Kind("repeated_text", "warning", "same text twice",
         "Same points, same transcription: one detection cannot match both.", "leaves the second out"),
    Kind("overlapping_texts", "note", "two texts in one place",
         "Outlines that cover each other almost completely (IoU 0.8 or more)."),
    Kind("empty_transcription", "note", "empty transcription",
         "It counts as a text; write ### if it is to be ignored."),
    Kind("almost_ignored", "warning", "looks like a mark for ignored texts",
         "Only ### and * mark ignored texts; this one counts."),
    Kind("all_ignored", "note", "every text of the image ignored",
         "The image shows the network where not to look, but no text."),
    Kind("no_text", "note", "no text in the image",
         "An image without labels: a background, or one that was forgotten."),
    Kind("repeated_line", "warning", "image listed twice",
         "The same path stands in two lines, so the image is used twice.",
         "leaves out copies in one file whose texts are the same too"),
    Kind("same_image", "warning", "same file under two names",
         "Byte for byte the same image."),
    Kind("similar_image", "note", "nearly the same image",
         "The same picture, saved or scaled anew, or two photographs of one scene."),
    Kind("same_image_in_test", "warning", "test image also in training",
         "Byte for byte the same image in both: scores on the test set mean little."),
    Kind("similar_image_in_test", "warning", "test image nearly the same as one in training",
         "The same picture, saved or scaled anew, or two photographs of one scene."),
    Kind("unlisted_image", "note", "image that no line lists",
         "It lies in a folder of listed images and is not used."),
)  # fmt: skip

BY_KEY = {kind.key: kind for kind in KINDS}
