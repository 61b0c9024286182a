"""Receives the file of a request, as a body of its own or as a part of a form, within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from email.message import Message
from typing import NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mindocr.serve.limits import Limits
from mindocr.serve.picture import KINDS
from mindocr.serve.refusal import CLIENT_LEFT, Refusal

FIELD = "image"  # of a form
_FORM = "multipart/form-data"
_FORM_ROOM = 65_536  # bytes of a form beside the file
_DRAIN_S = 1.0  # how long the rest of a refused request is read, so that its client sees the answer
CLOSE = {"Connection": "close"}


class Upload(NamedTuple):
    """A file that was sent.

    Attributes:
        content: its bytes.
        name: as the client calls it; empty if it does not.
    """

    content: bytes
    name: str


async def receive(request: Request, limits: Limits) -> Upload:
    """Receive the file of a request.

    Raises:
        Refusal: 415 for another media type or a compressed request, 413 above the limit of bytes, 408 if it is not
            complete in time, 400 for a form without exactly one file, 499 if the client has left.
    """
    try:
        kind = _media_type(request)
        most = limits.max_bytes + (_FORM_ROOM if kind == _FORM else 0)
        content = await asyncio.wait_for(_body(request, most, limits), limits.receive_s)
    except (TimeoutError, asyncio.TimeoutError):  # one class from Python 3.11 on
        message = f"the request was not complete after {limits.receive_s:g} s; send a smaller image"
        request.state.received = True  # it is not waited for any longer
        raise Refusal(408, message, CLOSE) from None
    return await _file_of_form(request, content) if kind == _FORM else Upload(content, "")


def _media_type(request: Request) -> str:
    """The media type of a request, in lower case; empty if it states none."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "a compressed request (Content-Encoding) is not read here; send the image as it is")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in (_FORM, "application/octet-stream") and not kind.startswith("image/"):
        raise Refusal(
            415,
            f"Content-Type {kind[:80]!r}: expected image/jpeg or the type of another image ({KINDS}), "
            f"application/octet-stream, or {_FORM} with the file as '{FIELD}'",
        )
    return kind


async def _body(request: Request, most: int, limits: Limits) -> bytes:
    """The body, of at most ``most`` bytes."""
    stated = request.headers.get("content-length", "")
    too_large = Refusal(
        413, f"more than the limit of {limits.max_megabytes:g} MB ({limits.max_bytes} bytes); send a smaller file"
    )
    if stated.isdigit() and int(stated) > most:
        raise too_large
    parts, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refusal(CLIENT_LEFT, "the client has left")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise too_large
        more = message.get("more_body", False)
    request.state.received = True
    return b"".join(parts)


async def drain(request: Request) -> bool:
    """Read and drop the rest of a refused request for a short time; returns whether that was all of it.

    A client that is still sending when the connection is closed may not see the answer.
    """
    if getattr(request.state, "received", False):
        return True
    if "100-continue" in request.headers.get("expect", "").lower():
        return False  # the client waits for a word before it sends
    loop = asyncio.get_running_loop()
    end = loop.time() + _DRAIN_S
    while (left := end - loop.time()) > 0:
        try:
            message = await asyncio.wait_for(request.receive(), left)
        except (TimeoutError, asyncio.TimeoutError):
            return False
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return True
    return False


async def _file_of_form(request: Request, content: bytes) -> Upload:
    """The only file of a form.

    Raises:
        Refusal: 400 for a damaged form, or one without exactly one file named ``image``.
    """

    async def stream() -> AsyncGenerator[bytes, None]:
        yield content

    parser = MultiPartParser(request.headers, stream(), max_files=2, max_fields=8)
    parser.spool_max_size = len(content) + 1  # no temporary files
    if not _boundary(request):
        raise Refusal(400, f"Content-Type {_FORM} states no boundary; let your program build the form")
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, f"the form cannot be read: {error.message}") from None
    fields = form.multi_items()
    files = [(name, value) for name, value in fields if isinstance(value, UploadFile)]
    if len(fields) != 1 or len(files) != 1 or files[0][0] != FIELD:
        found = ", ".join(f"{name!r}{'' if isinstance(value, UploadFile) else ' (no file)'}" for name, value in fields)
        raise Refusal(
            400, f"expected a form with one file '{FIELD}', got {found or 'nothing'}; options go into the URL"
        )
    file = files[0][1]
    return Upload(await file.read(), file.filename or "")


def _boundary(request: Request) -> str:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    return str(header.get_param("boundary", "") or "")
