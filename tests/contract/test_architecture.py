"""docs/architecture.md is correct: its drawing and its lists are exactly the imports of the code."""

from __future__ import annotations

import re

import pytest
from docs_pages import ROOT, blocks
from test_imports import arrows

from mindocr import registry

PAGE = ROOT / "docs/architecture.md"
Edges = set[tuple[str, str]]

PARTS_OF_CLI = {"__main__": "cli"}
NOT_DRAWN = {"benchmarks"}  # measure whatever they like


@pytest.fixture(scope="module")
def real() -> Edges:
    """(package, imported package) in the code."""
    found = {(PARTS_OF_CLI.get(room, room), target) for room, target, _ in arrows() if room not in NOT_DRAWN}
    return {(room, target) for room, target in found if room != target}


@pytest.fixture(scope="module")
def drawing() -> str:
    ((_, text),) = blocks(PAGE, "mermaid")
    return text


def drawn(text: str, arrow: str) -> Edges:
    return set(re.findall(rf"^ *(\w+) {arrow} (\w+)$", text, re.M))


def reachable(edges: Edges, start: str) -> set[str]:
    """What ``start`` imports, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        new = {target for room, target in edges if room == here} - found
        found |= new
        waiting += new
    return found


def without_those_that_follow(edges: Edges) -> Edges:
    """The fewest arrows from which all others follow; ``edges`` must not contain a cycle."""
    return {
        (room, target)
        for room, target in edges
        if not any(target in reachable(edges, other) for start, other in edges if start == room and other != target)
    }


def test_arrows_that_follow_from_others() -> None:
    edges = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d"), ("d", "c")}
    assert without_those_that_follow(edges) == {("a", "b"), ("b", "c"), ("a", "d"), ("d", "c")}
    assert reachable(edges, "a") == {"b", "c", "d"} and reachable(edges, "c") == set()


def test_the_drawing_shows_the_imports(real: Edges, drawing: str) -> None:
    shown, expected = drawn(drawing, "-->"), without_those_that_follow(real)
    assert shown == expected, "\n".join(
        ["the drawing differs from the code"]
        + [f"add     {room} --> {target}" for room, target in sorted(expected - shown)]
        + [f"remove  {room} --> {target}" for room, target in sorted(shown - expected)]
    )


def test_dotted_arrows_are_the_packages_of_the_registries(drawing: str) -> None:
    made = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]
    assert drawn(drawing, r"-\.->") == {("registry", made_in.package.split(".")[1]) for made_in in made}


def test_every_line_of_the_drawing_is_understood(real: Edges, drawing: str) -> None:
    lines = [line.strip() for line in drawing.splitlines()]
    nodes = [line for line in lines if re.fullmatch(r"\w+", line) and line != "end"]
    arrows_shown = [line for line in lines if re.fullmatch(r"\w+ (-->|-\.->) \w+", line)]
    frames = [line for line in lines if line == "end" or line.startswith(("flowchart ", "subgraph "))]
    assert len(nodes) + len(arrows_shown) + len(frames) == len(lines)
    assert len(set(nodes)) == len(nodes) and len(set(arrows_shown)) == len(arrows_shown)
    assert set(nodes) == {room for edge in real for room in edge}


def test_every_package_lists_its_imports(real: Edges) -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\*\*(\w+)\*\* — .+?\nImports: (.+?)\.$", text, re.M | re.S)
    told = {room: {name for name in re.split(r",\s+", names) if name != "nothing"} for room, names in listed}
    assert len(told) == len(listed)
    expected: dict[str, set[str]] = {room: set() for edge in real for room in edge if room not in ("tools", "deploy")}
    for room, target in real:
        if room in expected:
            expected[room].add(target)
    wrong = sorted(room for room in told.keys() | expected.keys() if told.get(room) != expected.get(room))
    lines = [f"{room}: Imports: {', '.join(sorted(expected.get(room, ()))) or 'nothing'}." for room in wrong]
    assert wrong == [], "\n".join(["the lists differ from the code; they should be", *lines])
