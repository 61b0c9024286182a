"""The HTTP service ``mindocr serve``: pictures in, polygons and texts out; its page, limits and metrics.

One thread runs the model (:mod:`~mindocr.serve.worker`). Uploads are received, checked and decoded beside it, within
limits that :mod:`~mindocr.serve.limits` lists.
"""
