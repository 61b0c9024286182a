"""Model sections of PP-OCRv4's mobile networks for tests, at the released size and tiny."""

from __future__ import annotations

from typing import Any


def detector(fused: bool, tiny: bool = False) -> dict[str, Any]:
    return {
        "type": "det",
        "backbone": {"name": "pplcnet_v3", "form": "det", "fused": fused, "scale": 0.25 if tiny else 0.75},
        "neck": {"name": "RSEFPN", "origin": "paddleocr", "out_channels": 16 if tiny else 96},
        "head": {"name": "DBHead"},
    }


def recogniser(fused: bool, tiny: bool = False) -> dict[str, Any]:
    return {
        "type": "rec",
        "backbone": {"name": "pplcnet_v3", "form": "rec", "fused": fused, "scale": 0.25 if tiny else 0.95},
        "neck": {"name": "SVTRNeck", "dims": 16 if tiny else 120, "kernel_size": [1, 3], "hidden": 16 if tiny else 120},
        "head": {"name": "CTCHead", "out_channels": 9 if tiny else 6625},
    }
