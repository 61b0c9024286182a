"""Ways to spoil a file: bytes, numbers and words of any text; values anywhere in a JSON document."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator

NUMBERS = (
    b"NaN", b"-Infinity", b"Infinity", b"1e309", b"-1e400", b"1e9", b"-1e9", b"999999999", b"9" * 400, b"9" * 5000,
    b"1" * 100_000 + b"x", b"-0", b"0", b"0.0000001", b"1_000", b"0x10", b"1e", b"--1", b".", b"", b"null", b"true",
    "１２".encode(), "٣".encode(), b"18446744073709551616", b"4294967295", b"-1", b"[]", b"{}", b"1.",
)  # fmt: skip
WORDS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\t", b"\x1b[31m", b"\x85", "\u2028".encode(),
    "\u202e\U0001f600".encode(), b"\\ud800", b"\\u0000", b"\\", b'"', b"'", b"#", b",", b":", b"&a", b"*a", b"%s%n{}",
    b"../../../../secret.txt", b"/etc/passwd", b"C:\\x.jpg", b"[" * 10_000, b'{"a":' * 10_000, b"(" * 3000,
    b"a" * 70_000, b" " * 20_000, b"\xc3\x28", b"\xed\xa0\x80", b"]", b"}", b"<", b"&lt;", b"###", b"~", b"$(id)",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 10**400, 1e308, float("nan"), float("inf"), "", "\ud800", "\x00", "../../secret.txt",
    "/etc/passwd", "x" * 70_000, [], {}, [[]], [None], {"a": []}, [[1, 2]], [[1, 2], [3]], [1e9, -1e9], "###", [{}] * 3,
    [[0, 0]] * 3, [[5, 5], [9, 9], [1, 1]], [["1", "2"]] * 4, -(2**31), 0.1,
)  # fmt: skip
DEEP = 3000  # levels in a document that Python's own parser still takes or just refuses


def spoil(content: bytes, rng: Rng) -> bytes:
    """One to three random mutations of a file."""
    for _ in range(rng.integers(1, 4)):
        content = pick(rng, MUTATIONS)(content, rng)
    return content


def pick(rng: Rng, choices: Any) -> Any:
    """One of a sequence, as it is (``rng.choice`` would make an array of it)."""
    return choices[int(rng.integers(len(choices)))]


def flip(content: bytes, rng: Rng, most: int = 8) -> bytes:
    """Other values for a few bytes."""
    spoiled = bytearray(content)
    for _ in range(rng.integers(1, most + 1) if spoiled else 0):
        spoiled[rng.integers(len(spoiled))] ^= int(rng.integers(1, 256))
    return bytes(spoiled)


def cut(content: bytes, rng: Rng) -> bytes:
    """The beginning of it."""
    return content[: rng.integers(len(content) + 1)]


def _drop(content: bytes, rng: Rng) -> bytes:
    start = int(rng.integers(len(content) + 1))
    return content[:start] + content[start + int(rng.integers(1, 20)) :]


def _repeat(content: bytes, rng: Rng) -> bytes:
    start = int(rng.integers(len(content) + 1))
    piece = content[start : start + int(rng.integers(1, 60))]
    return content[:start] + piece * int(pick(rng, (2, 3, 50, 1000))) + content[start:]


def _insert(content: bytes, rng: Rng) -> bytes:
    start = int(rng.integers(len(content) + 1))
    return content[:start] + pick(rng, WORDS) + content[start:]


def _number(content: bytes, rng: Rng) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return _insert(content, rng)
    chosen = pick(rng, found)
    return content[: chosen.start()] + pick(rng, NUMBERS) + content[chosen.end() :]


def _word(content: bytes, rng: Rng) -> bytes:
    found = list(re.finditer(rb"[A-Za-z_]+", content))
    if not found:
        return _insert(content, rng)
    chosen = pick(rng, found)
    return content[: chosen.start()] + pick(rng, (*WORDS, *NUMBERS)) + content[chosen.end() :]


def _lines(content: bytes, rng: Rng) -> bytes:
    """Lines in another order, some of them twice."""
    lines = content.split(b"\n")
    return b"\n".join(lines[i] for i in rng.integers(len(lines), size=len(lines)))


def _recode(content: bytes, rng: Rng) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(pick(rng, ("utf-16", "utf-32", "utf-8-sig", "latin-1", "gb18030", "utf-7")), "replace")


def _line_ends(content: bytes, rng: Rng) -> bytes:
    return content.replace(b"\n", pick(rng, (b"\r\n", b"\r", b"\n\n", b"\x0b", b"\x00")))


def noise(content: bytes, rng: Rng) -> bytes:
    """Nothing of it: random bytes."""
    return rng.bytes(int(rng.integers(0, 300)))


MUTATIONS: tuple[Callable[[bytes, Rng], bytes], ...] = (
    flip, cut, _drop, _repeat, _insert, _insert, _number, _number, _number, _word, _word, _lines, _recode, _line_ends,
    noise,
)  # fmt: skip


def spoil_json(document: Any, rng: Rng) -> bytes:
    """The document with values replaced, dropped, doubled or nested deep, or spoiled as text."""
    if rng.random() < 0.3:
        return spoil(json.dumps(document).encode(), rng)
    changed = copy.deepcopy(document)
    text = b""
    for _ in range(rng.integers(1, 4)):
        parents = list(_containers(changed))
        if not parents:
            break
        parent = pick(rng, parents)
        key = pick(rng, list(parent) if isinstance(parent, dict) else range(len(parent)))
        action = rng.random()
        if action < 0.15:
            del parent[key]
        elif action < 0.25 and isinstance(parent, list):
            parent += [parent[key]] * int(pick(rng, (1, 500)))
        else:
            parent[key] = copy.deepcopy(pick(rng, VALUES))
    text = json.dumps(changed).encode()
    if rng.random() < 0.1:  # json.dumps itself does not go so deep
        opening, closing = pick(rng, ((b"[", b"]"), (b'{"points":', b"}")))
        depth = int(pick(rng, (200, 900, DEEP, 20_000)))
        text = text.replace(b"[]", opening * depth + b"0" + closing * depth, 1)
    return text


def _containers(value: Any) -> Any:
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)
