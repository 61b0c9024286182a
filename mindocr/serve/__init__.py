"""The HTTP service ``mindocr serve``: pictures in, polygons and texts out; its page, limits and metrics.

:mod:`~mindocr.serve.worker` runs the model in threads of its own. Uploads are received, checked and decoded beside it,
within limits that :mod:`~mindocr.serve.limits` lists.
"""
