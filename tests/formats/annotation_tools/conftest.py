"""Import of a file written in the test, with images of 320 x 160 pixels."""

import json

import cv2
import numpy as np
import pytest

from mindocr.formats import annotation_tools
from mindocr.formats.annotation_tools import Options
from mindocr.formats.label_file import parse_label_line


class Tool:
    """A folder ``img`` and the import of files of one annotation tool."""

    def __init__(self, folder):
        self.folder, self.images, self.out = folder, folder / "img", folder / "out.txt"
        self.draw("p.png")

    def draw(self, *names):
        for name in names:
            (self.images / name).parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(self.images / name), np.zeros((160, 320, 3), np.uint8))

    def write(self, name, content):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def read(self, name, content, **options):
        """({image: [(text, points), ...]}, report) of a file's content, or of a file or folder."""
        source = content if hasattr(content, "exists") else self.write("source.json", content)
        report = annotation_tools.import_labels(name, self.images, source, self.out, Options(**options))
        lines = [parse_label_line(line, self.out, 1) for line in self.out.read_text(encoding="utf-8").splitlines()]
        return {path: [(text["transcription"], text["points"]) for text in texts] for path, texts in lines}, report


@pytest.fixture
def tool(tmp_path):
    return Tool(tmp_path)
