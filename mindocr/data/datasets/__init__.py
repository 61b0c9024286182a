"""Data sets: lists of images, with or without labels, that return samples by index."""
