"""Predictions for one image: one type for each task, and the decoding of network outputs."""
