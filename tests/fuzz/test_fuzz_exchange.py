"""Files of annotation tools, spoiled, and brought in; label files, spoiled, and handed out."""

import base64
import json

import cv2
import numpy as np
import pytest
from mutations import spoil_json
from test_fuzz_annotations import FLAT, SQUARE
from test_fuzz_labels import TEXTS

from mindocr.formats import annotation_tools

SHARED = {"id": "r1", "to_name": "image", "original_width": 120, "original_height": 80, "image_rotation": 0}
SHAPE = {"points": [[10, 20], [50, 20], [50, 60]], "closed": True}
MASK = base64.b64encode(cv2.imencode(".png", np.full((5, 5), 255, np.uint8))[1].tobytes()).decode()
# two pixels, of which the second is marked: a run of four values 0, then four values one by one
BITS = f"{8:032b}{7:05b}00100011011111111000110000000000001100000000000000000000000011111111"
BRUSH = [int(f"{BITS:0<112}"[i : i + 8], 2) for i in range(0, 112, 8)]
FILES = {
    "coco": ("coco.json", {
        "images": [{"id": 1, "file_name": "img_1.jpg", "width": 120, "height": 80}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [10, 20, 50, 30],
                         "segmentation": [FLAT], "text": "a", "attributes": {"text": "b"}},
                        {"id": 2, "image_id": 1, "bbox": [10, 20, 50, 30], "attributes": {"rotation": 30.0}},
                        {"id": 3, "image_id": 1, "bbox": [1, 2, 3, 4], "segmentation": {
                            "size": [4, 4], "counts": [5, 2, 2, 2, 5]}},
                        {"id": 4, "image_id": 1, "segmentation": {"size": [4, 4], "counts": "52203"}}],
        "categories": [{"id": 1, "name": "text"}]}),
    "labelme": ("img_1.json", {
        "version": "5.0.0", "flags": {}, "imagePath": "../images/img_1.jpg", "imageData": None, "imageHeight": 80,
        "imageWidth": 120, "shapes": [{"label": "a", "points": SQUARE, "shape_type": "polygon",
        "flags": {"ignore": True},
                                       "description": "b"},
            {"label": "c", "points": [[5, 5], [9, 9]], "shape_type": "circle", "difficult": False},
            {"label": "d", "points": SQUARE, "shape_type": "rotation", "attributes": {}},
            {"label": "e", "points": [[5, 5], [9, 9]], "shape_type": "mask", "mask": MASK}]}),
    "label_studio": ("tasks.json", [
        {"id": 1, "data": {"image": "/data/local-files/?d=img_1.jpg"}, "annotations": [
            {"id": 1, "was_cancelled": False, "updated_at": "2024", "result": [
                {**SHARED, "type": "polygonlabels", "value": {**SHAPE, "polygonlabels": ["Text"]}},
                {**SHARED, "type": "rectanglelabels", "id": "r2", "value": {
                    "x": 1, "y": 2, "width": 30, "height": 20, "rotation": 15, "rectanglelabels": ["Text"]}},
                {**SHARED, "type": "ellipse", "id": "r3", "value": {
                    "x": 50, "y": 50, "radiusX": 10, "radiusY": 8, "rotation": 5}},
                {**SHARED, "type": "brushlabels", "id": "r4", "original_width": 2, "original_height": 1, "value": {
                    "format": "rle", "rle": BRUSH, "brushlabels": ["Text"]}},
                {**SHARED, "type": "textarea", "value": {**SHAPE, "text": ["a"]}}]}]}]),
    "label_studio min": ("tasks.json", [
        {"id": 1, "annotator": 1, "image": "/data/upload/1/1a2b3c4d-img_1.jpg", "transcription": ["a"], "label": [
            {"x": 1, "y": 2, "width": 30, "height": 20, "rotation": 0, "rectanglelabels": ["Text"]}]}]),
    "ppocrlabel": ("Label.txt", [{"transcription": "a", "points": SQUARE, "difficult": False}]),
}  # fmt: skip


def images(arena):
    folder = arena.inputs / "images"
    folder.mkdir()
    for name in ("img_1.jpg", "a.jpg"):
        assert cv2.imwrite(str(folder / name), np.zeros((80, 120, 3), np.uint8))
    arena.pictures = folder
    return folder


def bring_in(arena, name, content, tidy=False, strict=False):
    folder, file = images(arena), arena.inputs / "tool" / FILES[name][0]
    file.parent.mkdir()
    file.write_bytes(b"images/img_1.jpg\t" + content + b"\n" if name == "ppocrlabel" else content)
    tool = name.split()[0]
    return lambda: annotation_tools.import_labels(tool, folder, file, arena.out / "gt.txt", strict=strict, tidy=tidy)


def hand_out(arena, name, content, layout):
    folder, file = images(arena), arena.inputs / "gt.txt"
    file.write_bytes(b"a.jpg\t" + content + b"\n")
    target = arena.out / ("files" if name == "labelme" else "file.json")
    return lambda: annotation_tools.export_labels(name, folder, file, target, annotation_tools.Options(layout=layout))


def prepare(rng, arena):
    if rng.random() < 0.25:
        layout = ("quads", "polygons", "ic15", "ic13", "mlt", "td500", "ctw1500", "totaltext")[int(rng.integers(8))]
        name = annotation_tools.names()[int(rng.integers(len(annotation_tools.names())))]
        return hand_out(arena, name, spoil_json(TEXTS, rng), layout)
    name = list(FILES)[int(rng.integers(len(FILES)))]
    return bring_in(arena, name, spoil_json(FILES[name][1], rng), *(rng.random(2) < 0.3).tolist())


@pytest.mark.parametrize("name", FILES)
def test_sound_files_are_brought_in(accepted, name):
    accepted(lambda arena: bring_in(arena, name, json.dumps(FILES[name][1]).encode(), strict=True))


def test_spoiled_files_of_annotation_tools(fuzz):
    outcomes = fuzz("exchange", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize("name", annotation_tools.names())
def test_half_of_a_surrogate_pair_is_handed_out_or_named(bounded, name):
    """JSON can spell it, a line of text cannot."""
    texts = json.dumps([{"transcription": "\ud800", "points": SQUARE}]).encode()
    bounded(lambda arena: hand_out(arena, name, texts, "quads"), "gt.txt:1")


@pytest.mark.parametrize("path", ["../secret.txt", "../../secret.txt", "/etc/passwd", "a\0b.jpg", "\ud800.jpg"])
@pytest.mark.parametrize("name", ["coco", "labelme", "label_studio"])
def test_names_of_images_that_lead_out(refused, name, path):
    text = json.dumps(FILES[name][1])
    for old in ("../images/img_1.jpg", "/data/local-files/?d=img_1.jpg", "img_1.jpg"):
        text = text.replace(json.dumps(old), json.dumps(path))
    assert refused(lambda arena: bring_in(arena, name, text.encode(), strict=True))
