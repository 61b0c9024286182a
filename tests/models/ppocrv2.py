"""Sections of PP-OCRv2's recogniser, of CRNN, and of the direction classifier."""

SECTIONS = {
    "ppocrv2_rec_mobile": {
        "type": "rec",
        "backbone": {"name": "rec_lcnet", "last_stride": [1, 1], "pooling": "max"},
        "neck": {"name": "RNNEncoder", "hidden_size": 64},
        "head": {"name": "CTCHead", "out_channels": 6625, "mid_channels": 96},
    },
    "crnn_mobilenetv3": {
        "type": "rec",
        "backbone": {"name": "rec_mobilenet_v3"},
        "neck": {"name": "RNNEncoder"},
        "head": {"name": "CTCHead", "out_channels": 6625},
    },
    "crnn_small": {
        "type": "rec",
        "backbone": {"name": "rec_vgg7", "width": 0.25},
        "neck": {"name": "RNNEncoder", "num_layers": 1},
        "head": {"name": "CTCHead", "out_channels": 37},
    },
    "ppocr_cls_mobile": {
        "type": "cls",
        "backbone": {"name": "rec_mobilenet_v3", "alpha": 0.35, "row_strides": [2, 2, 2, 2]},
        "head": {"name": "ClsHead", "num_classes": 2},
    },
}
