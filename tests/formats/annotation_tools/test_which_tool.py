"""A file of another tool is named, with what to do."""

import json

import pytest

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.which_tool import advice

COCO = json.dumps({"images": [], "annotations": [], "categories": []})
LABELME = json.dumps({"shapes": [], "imagePath": "p.png"})
TASKS = json.dumps([{"id": 1, "data": {"image": "p.png"}, "annotations": []}])
LABELS = 'p.png\t[{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9]]}]\n'
FILES = [
    ("coco.json", COCO, "a COCO file; --format coco reads it"),
    ("a.json", LABELME, "a file of labelme; --format labelme reads it"),
    ("tasks.json", TASKS, "a list of tasks of Label Studio; --format label_studio reads it"),
    ("gt.txt", LABELS, "a label file with a list of texts in each line, as PPOCRLabel and mindocr write it"),
    (
        "cvat.xml",
        '<?xml version="1.0"?>\n<annotations><version>1.1</version></annotations>',
        "an XML file of CVAT; in CVAT",
    ),
    ("voc.xml", "<annotation><object/></annotation>", "an XML file of Pascal VOC, whose boxes have no texts"),
    ("via.json", json.dumps({"p.png1": {"filename": "p.png", "regions": []}}), "VGG Image Annotator"),
    ("via.json", json.dumps({"_via_img_metadata": {}}), "VGG Image Annotator"),
    ("one.json", json.dumps({"id": 1, "task": {}, "result": []}), "one annotation of Label Studio's cloud storage"),
    ("one.json", json.dumps({"id": 1, "data": {}, "annotations": []}), "one task of Label Studio"),
    ("default.json", json.dumps({"items": [], "categories": {}}), "a JSON file of Datumaro"),
    ("p.txt", "0 0.5 0.5 0.25 0.1\n", "a file of YOLO, whose boxes have no texts"),
    ("export.csv", "image,id,label\n", r"a table (CSV); export 'JSON' from Label Studio"),
    ("export.tsv", "image\tid\tlabel\n", r"a table (TSV); export 'JSON' from Label Studio"),
    ("gt_img_1.txt", "1,2,3,2,3,4,1,4,a\n", "a text file of quadrilaterals"),
    ("fileState.txt", "/x/p.png\t1\n", "PPOCRLabel's list of finished images; its labels are in Label.txt"),
    ("rec_gt.txt", "crop_img/p_0.png\ta\n", "PPOCRLabel's texts of cropped images, without polygons"),
]


@pytest.mark.parametrize(("name", "content", "what"), FILES)
@pytest.mark.parametrize("given", ["coco", "labelme", "label_studio", "ppocrlabel"])
def test_files_of_other_tools(tool, given, name, content, what):
    file = tool.write(name, content)
    if f"--format {given} reads it" in what or (given == "ppocrlabel" and name == "gt.txt"):
        assert advice(file, given) == ""
        return
    with pytest.raises(DataError) as error:
        tool.read(given, file)
    assert str(error.value).startswith(f"{file}: this is ") and what in str(error.value)


def test_folders_of_other_tools(tool):
    tool.write("xml/p.xml", "<annotation><object/></annotation>")
    with pytest.raises(DataError, match="xml/p.xml: this is an XML file of Pascal VOC"):
        tool.read("labelme", tool.folder / "xml")
    with pytest.raises(DataError, match="xml/p.xml: this is an XML file of Pascal VOC.*no Label.txt in this folder"):
        tool.read("ppocrlabel", tool.folder / "xml")


def test_an_error_in_a_file_of_the_right_tool_stays(tool):
    with pytest.raises(DataError, match=r"^.*source.json: task 1: result 1: no 'type' among its keys"):
        tool.read("label_studio", [{"data": {"image": "p.png"}, "annotations": [{"result": [{}]}]}])
    with pytest.raises(DataError, match=r"^.*source.json:1: not JSON"):
        tool.read("coco", "{")


def test_ppocrlabel_lines(tool):
    texts = json.dumps([{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9]], "difficult": True, "key_cls": "x"}])
    tool.draw("sub/q.png")
    for path in ("img/p.png", "C:\\data\\img\\p.png", "other/p.png", "p.png"):
        assert list(tool.read("ppocrlabel", f"{path}\t{texts}\n")[0]) == ["p.png"]
    assert list(tool.read("ppocrlabel", f"img/sub/q.png\t{texts}\n")[0]) == ["sub/q.png"]
    with pytest.raises(DataError, match=r"source.json:2: 'img/p.png' and 'img/p.png' \(.*:1\) would both be"):
        tool.read("ppocrlabel", f"img/p.png\t{texts}\nimg/p.png\t{texts}\n")
    with pytest.raises(DataError, match="this file is empty; in PPOCRLabel, use 'Export Label Result'"):
        tool.read("ppocrlabel", "\n")
