"""The page in a browser: an image in, outlines and texts out, sliders, downloads, the keyboard, a phone."""

from __future__ import annotations

import base64
import sys
import time
from pathlib import Path

import pytest
from bright_is_text import white_box
from servers import serving, started
from test_picture import encoded

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from browser import Page, browser

pytestmark = pytest.mark.slow
PATIENCE_S = 20.0
TAKE = """(() => {
  const bytes = Uint8Array.from(atob(%r), (letter) => letter.charCodeAt(0)), given = new DataTransfer();
  given.items.add(new File([bytes], %r, { type: "image/png" }));
  document.getElementById("file").files = given.files;
  document.getElementById("file").dispatchEvent(new Event("change"));
})()"""


@pytest.fixture(scope="module")
def page(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    command = serving("--model", str(model), "--max_megapixels", "1")
    with started(command, folder) as server, browser(folder / "profile") as page:
        page.resize(1400, 900)
        page.call("Page.navigate", url=server.url)
        wait(page, "document.querySelectorAll('#settings input').length === 3")
        take(page, two_boxes())
        wait(page, "document.querySelectorAll('#texts li').length === 2")
        yield page


def wait(page: Page, condition: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not page.run(f"Boolean({condition})"):
        assert time.monotonic() < end, (condition, page.run("document.body.innerText"), page.problems)
        time.sleep(0.05)


def take(page: Page, content: bytes, name: str = "photo.png") -> None:
    page.run(TAKE % (base64.b64encode(content).decode(), name))


def two_boxes() -> bytes:
    image = white_box()
    image[150:200, 350:600] = 255
    return encoded(".png", image)


def test_an_image_shows_its_outlines_and_texts(page: Page) -> None:
    assert page.run("document.querySelectorAll('#outlines .line').length") == 2
    assert page.run("document.getElementById('outlines').getAttribute('viewBox')") == "0 0 640 240"
    # Outlines lie over the image
    corners = "(({ left, top, right, bottom }) => [left, top, right, bottom])"
    of = f"{corners}(document.getElementById('%s').getBoundingClientRect())"
    assert page.run(of % "image") == pytest.approx(page.run(of % "outlines"), abs=1)
    assert page.problems == [] and page.run("document.getElementById('problem').hidden")
    assert all("127.0.0.1" in address or address.startswith("blob:") for address in page.requests), page.requests


def test_the_keyboard_chooses_a_text(page: Page) -> None:
    page.run("document.querySelector('#texts button').focus()")
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
    assert page.run("document.querySelector('#texts button').getAttribute('aria-pressed')") == "true"
    assert page.run("document.querySelectorAll('#outlines .chosen').length") == 1


def test_a_slider_asks_again(page: Page) -> None:
    slider = "document.getElementById('option-expand_ratio')"
    move = f"{slider}.value = %s; {slider}.dispatchEvent(new Event('input'))"
    before = page.run("document.querySelector('#outlines .line').getAttribute('points')")
    page.run(move % 4)
    wait(page, f"document.querySelector('#outlines .line')?.getAttribute('points') !== {before!r}")
    page.run(move % 1.5)
    wait(page, f"document.querySelector('#outlines .line')?.getAttribute('points') === {before!r}")


def test_json_and_labels_are_saved(page: Page, tmp_path: Path) -> None:
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for button, name in (("json", "photo.json"), ("labels", "photo_labels.txt")):
        page.run(f"document.getElementById('{button}').click()")
        end = time.monotonic() + PATIENCE_S
        while not (tmp_path / name).exists():
            assert time.monotonic() < end, list(tmp_path.iterdir())
            time.sleep(0.05)
    assert '"image": "photo.png"' in (tmp_path / "photo.json").read_text(encoding="utf-8")
    assert (tmp_path / "photo_labels.txt").read_text(encoding="utf-8").startswith("photo.png\t[{")


def test_a_refused_image_is_explained(page: Page) -> None:
    take(page, encoded(".png", white_box(size=(1200, 1000))), "large.png")
    wait(page, "document.getElementById('problem').innerText.includes('above the limit of 1000000')")
    assert page.run("document.getElementById('json').disabled")
    page.problems.clear()  # the browser reports the status 413


def test_every_control_has_a_name_and_a_phone_needs_no_scrolling_sideways(page: Page) -> None:
    take(page, two_boxes())
    wait(page, "document.querySelectorAll('#texts li').length === 2")
    nameless = "[...document.querySelectorAll('input, select')].filter((each) => !each.labels.length).length"
    assert page.run(nameless) == 0
    page.resize(390, 844)
    time.sleep(0.2)
    assert page.run("document.documentElement.scrollWidth") <= 390
    shown = "[...document.querySelectorAll('button, .button')].filter((each) => each.offsetParent)"
    assert page.run(f"{shown}.length") > 4 and page.run(f"Math.min(...{shown}.map((each) => each.offsetHeight))") >= 44
    page.resize(1400, 900)
