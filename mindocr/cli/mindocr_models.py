"""Names of MindOCR's configurations, and the recipes here with the same network."""

from __future__ import annotations

# Names of deploy/py_infer, and of a recipe -> file name of our recipe
RECIPES = {
    "en_ms_det_dbnet_resnet50": "db_r50_icdar15.yaml",
    "en_ms_det_dbnetpp_resnet50": "dbpp_r50_icdar15.yaml",
    "ch_pp_det_OCRv3": "db_mobilenetv3_ppocrv3.yaml",
    "en_pp_det_OCRv3": "db_mobilenetv3_ppocrv3.yaml",
    "ml_pp_det_OCRv3": "db_mobilenetv3_ppocrv3.yaml",
    "db++_r50_icdar15": "dbpp_r50_icdar15.yaml",
}
