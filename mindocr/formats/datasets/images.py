"""Images of a data set: search by name, size without decoding, conversion of GIF to PNG."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from PIL import Image, UnidentifiedImageError

from mindocr.errors import DataError
from mindocr.images.read import IMAGE_SUFFIXES
from mindocr.utils import files

NO_IMAGE = "no such image"
_EXIF_ORIENTATION = 0x0112


def files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files with one of these endings in any case, sorted: those in the folder, or if none, those below it."""
    for candidates in (folder.iterdir(), folder.rglob("*")):
        found = sorted(file for file in candidates if file.suffix.lower() in suffixes and file.is_file())
        if found:
            return found
    return []


def index_images(folder: Path) -> dict[str, Path]:
    """Images of a folder (or, if it has none, of its subfolders) by their name without the ending.

    Raises:
        DataError: there is no image, or two have the same name (a PNG made from a GIF replaces it).
    """
    found: dict[str, Path] = {}
    for file in files_in(folder, IMAGE_SUFFIXES):
        other = found.get(file.stem)
        if other is None or (other.suffix.lower() == ".gif" and file.suffix.lower() == ".png"):
            found[file.stem] = file
        elif not (file.suffix.lower() == ".gif" and other.suffix.lower() == ".png"):
            raise DataError(f"{file}: another image of this name is {other}; set --image_dir to the folder of one part")
    if not found:
        raise DataError(f"{folder}: no image in this folder; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
    return found


def place_of(image_dir: Path, name: str, where: str) -> Path:
    """The file that an annotation names: its path below ``image_dir``, or if that does not exist, its file name there.

    Raises:
        DataError: the path is outside ``image_dir``.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if not parts.name or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise DataError(f"{where}: the image name {name!r} is outside the folder of images; correct the annotation")
    exact = image_dir / parts
    alone = image_dir / parts.name
    return alone if alone.is_file() and not exact.is_file() else exact


def look_at(image: Path) -> tuple[Path, tuple[int, int], str]:
    """The file to use for an image, its (w, h) as decoded (with EXIF rotation), and a problem (empty = none).

    A GIF, whatever its name, is replaced by the PNG beside it, which is created from its first frame if needed: not
    every OpenCV reads GIF.

    Raises:
        DataError: the PNG cannot be written.
    """
    try:
        with Image.open(image) as picture:
            w, h = picture.size
            if picture.format == "GIF":
                png = image.with_suffix(".png")
                if not png.exists():
                    _write_png(picture, png)
                return png, (w, h), ""
            if picture.getexif().get(_EXIF_ORIENTATION, 1) >= 5:  # 5 to 8 swap width and height
                w, h = h, w
            return image, (w, h), ""
    except (FileNotFoundError, IsADirectoryError):
        return image, (0, 0), NO_IMAGE
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError) as error:
        return image, (0, 0), f"this image cannot be read ({type(error).__name__})"


def _write_png(picture: Image.Image, png: Path) -> None:
    frame = picture.convert("RGB")
    try:
        with files.replacing(png) as part:
            frame.save(part, format="PNG")
    except OSError as error:
        raise DataError(f"{png}: cannot write the PNG that replaces a GIF image: {error.strerror}") from None
