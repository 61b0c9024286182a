"""Finds text in images with an installed MindOCR for ``benchmarks/predict.py``, which starts this file.

It needs an environment with MindOCR, MindSpore, OpenCV, NumPy, shapely and pyclipper, and nothing of this project. It
reads one JSON line: the paths, the number of threads, and a checkpoint of PP-OCRv3's detector, whose parameters have
the same names in MindOCR. It prints one JSON line with the version and the seconds until the first image can be
processed, one for each image with what was found and the seconds since the start, and one with the peak memory.

MindOCR's script for prediction is not in its package, so its parts are called as that script does: the transforms of an
image, the network ``dbnet_ppocrv3`` in graph mode, and the post-processing, one image after the other. Only the modules
of these parts are loaded, so the requirements of its other tasks need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import time
import types
from pathlib import Path

START = time.perf_counter()
# Without it a convolution takes a hundred times as long on CPUs with AVX-512; MindOCR's users have to find that out.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")
PACKAGES = (
    "mindocr", "mindocr.data", "mindocr.data.transforms", "mindocr.utils", "mindocr.postprocess", "mindocr.models",
    "mindocr.models.backbones", "mindocr.models.necks", "mindocr.models.heads", "mindocr.models.utils",
)  # fmt: skip


def bare_packages():
    """Make MindOCR's packages importable without running their ``__init__``."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def found_in(name):
    return importlib.import_module(f"mindocr.{name}")


def network(checkpoint):
    """The network ``dbnet_ppocrv3`` with the weights of a checkpoint."""
    import mindspore as ms
    from mindspore import nn

    backbone = found_in("models.backbones.det_mobilenet").det_mobilenet_v3_enhance(
        architecture="large", alpha=0.5, disable_se=True, pretrained=False
    )
    neck = found_in("models.necks.fpn").RSEFPN(backbone.out_channels, 96, shortcut=True)
    head = found_in("models.heads.det_db_head").DBHeadEnhance(96, k=50, bias=False, adaptive=True)

    class Detector(nn.Cell):
        def __init__(self):
            super().__init__()
            self.backbone, self.neck, self.head = backbone, neck, head

        def construct(self, x):
            return self.head(self.neck(self.backbone(x)))

    net = Detector()
    missing, _ = ms.load_param_into_net(net, ms.load_checkpoint(checkpoint))
    unknown = [name for name in missing if not name.startswith("head.thresh.")]  # a part of training only
    if unknown:
        sys.exit(f"{checkpoint}: holds no {unknown[0]}, which MindOCR's network needs")
    return net.set_train(False)


def prepared(transforms, path):
    sample = {"img_path": path}
    for step in transforms:
        sample = step(sample)
    return sample


def peak_mb():
    """Largest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main():
    job = json.loads(sys.stdin.readline())
    bare_packages()
    import cv2
    import mindspore as ms
    import numpy as np

    cv2.setNumThreads(job["threads"])
    ms.set_context(mode=0)
    general, det = found_in("data.transforms.general_transforms"), found_in("data.transforms.det_transforms")
    transforms = [
        general.DecodeImage(img_mode="RGB", to_float32=False),
        det.DetResize(target_size=None, keep_ratio=True, limit_type="min", limit_side_len=736),
        general.NormalizeImage(bgr_to_rgb=True, is_hwc=True, mean="imagenet", std="imagenet"),
        general.ToCHWImage(),
    ]
    postprocess = found_in("postprocess.det_db_postprocess").DBPostprocess(
        binary_thresh=0.3, box_thresh=0.5, expand_ratio=1.6, box_type="quad"
    )
    net = network(job["checkpoint"])
    ready = time.perf_counter() - START
    version = importlib.metadata.version("mindocr")
    print(json.dumps({"name": f"MindOCR {version}", "weights": "ppocr-v3", "ready": ready}), flush=True)
    for path in job["paths"]:
        sample = prepared(transforms, path)
        output = net(ms.Tensor(sample["image"][None]))
        polys = postprocess(output, shape_list=np.array([sample["shape_list"]]))["polys"][0]
        found = [[np.asarray(poly, float).reshape(-1, 2).tolist(), ""] for poly in polys]
        now = {"seconds": time.perf_counter() - START, "cpu": time.process_time()}
        print(json.dumps({"found": found, **now}), flush=True)
    print(json.dumps({"peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
