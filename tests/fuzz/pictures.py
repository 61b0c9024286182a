"""Image files of every kind that turns up in data sets, and some that do not."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from mutations import cut, flip, noise, pick
from PIL import Image

Rng = np.random.Generator
SIZE = (96, 64)  # (w, h)
ORIENTATIONS = range(1, 9)
MAGIC = {
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "gif": b"GIF89a",
    "bmp": b"BM", "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ", "tif": b"II*\x00\x08\x00\x00\x00",
    "mm": b"MM\x00*\x00\x00\x00\x08",
    "ppm": b"P6 20 10 255\n", "jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n", "hdr": b"#?RADIANCE\n", "exr": b"v/1\x01",
    "avif": b"\x00\x00\x00\x1cftypavif", "ras": b"\x59\xa6\x6a\x95", "pfm": b"PF\n9 9\n-1\n", "pdf": b"%PDF-1.4",
    "svg": b"<svg",
}  # fmt: skip


def colours(rng: Rng, size: tuple[int, int] = SIZE) -> Image.Image:
    """A smooth picture with a bright corner at the top left."""
    w, h = size
    values = np.linspace(0, 255, w * h * 3).reshape(h, w, 3) + rng.normal(0, 5, (h, w, 3))
    values[: h // 2, : w // 2] = 250
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def turned(picture: Image.Image, orientation: int, form: str = "JPEG", **options: object) -> bytes:
    """A file that a viewer shows as ``picture``, with its pixels stored as an EXIF orientation says."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that the viewer will undo
    stored = picture.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, form, exif=exif, **options)


def png(width: int, height: int, data: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file that announces a size, whatever its data hold."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(side: int = 30_000) -> bytes:
    """A PNG of ``side`` x ``side`` white pixels in one bit each: a hundred kilobytes that become gigabytes."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * -(-side // 8)
    return png(side, side, b"".join(packer.compress(row) for _ in range(side)) + packer.flush(), depth=1, colour=0)


def _animation() -> bytes:
    """Two frames; a row of the first names a filter that does not exist."""
    frame = (zlib.compress(bytes([kind, *[99] * 27]) * 9) for kind in (9, 0))
    control = [struct.pack(">IIIIIHHBB", i, 9, 9, 0, 0, 1, 10, 0, 0) for i in (0, 1)]
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)), (b"acTL", struct.pack(">II", 2, 0)),
             (b"fcTL", control[0]), (b"IDAT", next(frame)), (b"fcTL", control[1]),
             (b"fdAT", struct.pack(">I", 2) + next(frame)), (b"IEND", b"")]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*parts)))


def bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)


# OpenCV 4.11 takes four gigabytes for the chunk that is not there, and does not survive the animation.
CHUNK = png(9, 9, b"")[:33] + b"\xff\xff\xff\xf0IDAT" + bytes(20)
DAMAGED_ANIMATION = _animation()


def _modes(rng: Rng) -> bytes:
    mode = pick(rng, ("L", "LA", "RGBA", "P", "1", "RGB", "I;16", "CMYK", "YCbCr", "F", "I"))
    picture = colours(rng).convert("L") if mode.startswith("I;") else colours(rng).convert(mode)
    if mode == "I;16":
        picture = Image.fromarray((np.arange(64 * 96, dtype=np.uint16) * 10).reshape(64, 96))
    form = {"CMYK": "JPEG", "YCbCr": "JPEG", "F": "TIFF", "I": "TIFF"}.get(mode, pick(rng, ("PNG", "TIFF")))
    return encoded(picture, form)


def _sizes(rng: Rng) -> bytes:
    size = pick(rng, ((1, 1), (1, 50), (20_000, 10), (10, 20_000), (2, 2), (33, 1), (3, 700), (640, 480)))
    return encoded(
        colours(rng, size), pick(rng, ("PNG", "JPEG", "BMP", "WEBP") if max(size) < 16_000 else ("PNG", "BMP"))
    )


def _animated(rng: Rng) -> bytes:
    frames = [colours(rng) for _ in range(3)]
    return encoded(frames[0], pick(rng, ("GIF", "PNG", "WEBP", "TIFF")), save_all=True, append_images=frames[1:])


def _tiffs(rng: Rng) -> bytes:
    return encoded(colours(rng), "TIFF", compression=pick(rng, (None, "tiff_lzw", "tiff_deflate", "jpeg", "packbits")))


def _turned(rng: Rng) -> bytes:
    return turned(colours(rng), int(rng.integers(1, 9)), pick(rng, ("JPEG", "PNG", "WEBP", "TIFF")))


def _announced(rng: Rng) -> bytes:
    size = pick(rng, ((100_000, 100_000), (2**31 - 1, 2**31 - 1), (0, 5), (5, 0), (65_535, 65_535), (12_000, 11_000)))
    if rng.random() < 0.5:
        return png(*size, zlib.compress(bytes(1000)))
    if rng.random() < 0.5:
        return bmp(*size)
    content = bytearray(encoded(colours(rng), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", *(min(side, 65_535) for side in size))
    return bytes(content)


def _magic(rng: Rng) -> bytes:
    return pick(rng, list(MAGIC.values())) + rng.bytes(int(rng.integers(0, 400)))


def _exif(rng: Rng) -> bytes:
    """A JPEG whose EXIF data make no sense."""
    content = turned(colours(rng), 6)
    start = content.index(b"Exif\0\0")
    return content[:start] + flip(content[start : start + 40], rng, most=20) + content[start + 40 :]


def _plain(rng: Rng) -> bytes:
    return encoded(colours(rng), pick(rng, ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "JPEG2000")))


def _cut(rng: Rng) -> bytes:
    return cut(pick(rng, (_plain, _modes, _tiffs, _animated))(rng), rng)


def _flipped(rng: Rng) -> bytes:
    content = pick(rng, (_plain, _modes, _tiffs, _animated))(rng)
    head = int(pick(rng, (30, 200, len(content))))
    return flip(content[:head], rng, most=20) + content[head:]


def _noise(rng: Rng) -> bytes:
    return noise(b"", rng)


KINDS: tuple[Callable[[Rng], bytes], ...] = (
    _modes, _sizes, _animated, _tiffs, _turned, _announced, _magic, _magic, _exif, _plain, _cut, _cut, _flipped,
    _flipped,
    _flipped, _noise,
)  # fmt: skip
