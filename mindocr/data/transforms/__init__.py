"""Transforms: each takes a sample and returns a new one; see ``pipeline.py`` for the protocol."""
