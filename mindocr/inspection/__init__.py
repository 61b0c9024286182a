"""Inspection of a data set before training: images, polygons, duplicates, sizes; report and repairs."""
