"""The kinds of problems of a data set: the meaning of each one, and its repair."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


class Kind(NamedTuple):
    """A kind of problem.

    Attributes:
        key: its name in JSON and in ``Problem.kind``.
        severity: error = training stops; warning = training or metric scores get worse; note = for information.
        title: a few words, for tables.
        meaning: the problem and its effect.
        fix: repair by ``--fix``; empty = none.
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
        line: index of the label line among all lines.
        text: number of the text in its line, from 1; 0 = the line or its image.
        detail: details for the message.
        weight: larger is worse, within one kind.
        other: index of the second line for problems between two images, else -1.
    """

    kind: str
    line: int
    text: int
    detail: str
    weight: float = 0.0
    other: int = -1


_DROP_LINE = "leaves out the line"
_DROP_TEXT = "leaves out the text"

KINDS = (
    Kind("malformed_line", "error", "malformed label line",
         "The line is not `path<TAB>JSON list` of texts with points; training stops.", _DROP_LINE),
    Kind("lines_run_together", "error", "malformed label line: several in one",
         "Several label lines stand in one, without a line break between them; training stops.",
         "puts each on a line of its own"),
    Kind("other_notation", "error", "malformed label line: another notation",
         "It can be read, but it is not `path<TAB>JSON list`: quotes of Python or of a spreadsheet, blanks in place of "
         "the tab, a comma after the last item; training stops.", "writes it as JSON"),
    Kind("missing_image", "error", "image missing",
         "The image of the line does not exist; training stops.", _DROP_LINE),
    Kind("other_path", "error", "image at another path",
         "The path is that of another system or folder, or differs in letter case, but the image is in the image "
         "folder; training stops.", "writes the path relative to the image folder"),
    Kind("backslash_path", "note", "backslashes in the image path",
         "Training reads them as `/`.", "writes `/`"),
    Kind("undecodable_image", "error", "image cannot be decoded",
         "The file is empty or no image; training stops, or skips it with `on_error: skip`.", _DROP_LINE),
    Kind("cut_short_image", "error", "image cut short",
         "The JPEG ends before its end marker, as after an interrupted copy; training stops.", _DROP_LINE),
    Kind("damaged_image", "warning", "image data damaged",
         "The file can be decoded, but the decoder reported errors: part of the image is grey or garbled."),
    Kind("exif_rotation", "note", "rotated by its EXIF data",
         "Training rotates the image upright; labels made on the stored pixels then do not fit."),
    Kind("labels_lie_on_side", "warning", "labels fit the image rotated by 90 degrees",
         "Points are outside the image as used in training, but inside it after a rotation by 90 degrees. Rotate the "
         "image, set `DecodeImage.ignore_orientation`, or exchange x and y in the labels."),
    Kind("odd_pixels", "note", "converted to 8-bit RGB",
         "16 bits, CMYK, a palette or transparency. Transparent parts become white, see `DecodeImage.alpha`."),
    Kind("misnamed_image", "note", "format differs from the file name ending",
         "It is decoded by its content, so this has no effect."),
    Kind("points_are_shares", "error", "points are shares of the image size",
         "All points of the line lie between 0 and 1, but pixels are expected. Training stops if a label file has no "
         "other points.", "multiplies them by the image size"),
    Kind("other_scale", "warning", "labels made on images of another size",
         "In most images of the label file, points are outside the image, or no point is beyond its upper left "
         "quarter."),
    Kind("point_outside", "warning", "points outside the image",
         "Part of the text is outside, where nothing can be learned or detected.", "clips the polygon to the image"),
    Kind("text_outside", "warning", "text completely outside the image",
         "Training leaves such texts out.", _DROP_TEXT),
    Kind("self_crossing", "warning", "polygon crosses itself",
         "Like a bow tie; its area is wrong, and so is every label map.",
         "sorts the corners of quadrilaterals; other polygons do not change"),
    Kind("counter_clockwise", "warning", "points run counter-clockwise",
         "Points are expected clockwise on the screen.", "reverses them; the first point stays first"),
    Kind("non_convex", "note", "quadrilateral is not convex",
         "It is concave, or a corner is on a side or on another corner; usually a mistake."),
    Kind("repeated_point", "note", "points repeated",
         "Neighbouring points are the same.", "removes them if four different points remain"),
    Kind("zero_area", "warning", "no area",
         "The polygon has no area.", _DROP_TEXT),
    Kind("vanishes", "warning", "vanishes when shrunk",
         "Shrunk for DBNet's text map, it is less than a pixel thick at the training size: there is almost nothing "
         "to learn, although the text counts."),
    Kind("falls_apart", "note", "falls apart when shrunk",
         "Shrunk for DBNet's text map, it becomes several regions, because it has a narrow part."),
    Kind("below_filter", "note", "smaller than the filter",
         "A side of its axis-aligned box is below `min_text_size` at the training size, so training ignores it."),
    Kind("repeated_text", "warning", "same text twice",
         "Same points, same transcription: one detection cannot match both.", "leaves out the second"),
    Kind("overlapping_texts", "note", "two texts at the same position",
         "Two polygons cover almost the same area (IoU 0.8 or more)."),
    Kind("empty_transcription", "note", "empty transcription",
         "It counts as a text; write ### to ignore it."),
    Kind("almost_ignored", "warning", "looks like an ignore mark",
         "Only ### and * mark ignored texts; this text counts."),
    Kind("all_ignored", "note", "every text of the image ignored",
         "The network cannot learn any text from this image."),
    Kind("no_text", "note", "no text in the image",
         "An image without labels: a background, or its labels are missing."),
    Kind("repeated_line", "warning", "image listed twice",
         "The same path is in two lines, so the image is used twice.",
         "leaves out copies in the same file if their texts are equal too"),
    Kind("same_image", "warning", "same image under two names",
         "The two files are identical."),
    Kind("similar_image", "note", "nearly the same image",
         "The same photograph, saved or scaled again, or two photographs of one scene."),
    Kind("same_image_in_test", "warning", "test image also in training",
         "The two files are identical: metric scores on the test set mean little."),
    Kind("similar_image_in_test", "warning", "test image nearly the same as one in training",
         "The same photograph, saved or scaled again, or two photographs of one scene."),
    Kind("unlisted_image", "note", "image without a label line",
         "It is in a folder of listed images, but is not used."),
)  # fmt: skip

BY_KEY = {kind.key: kind for kind in KINDS}
