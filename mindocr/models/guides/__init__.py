"""Guides: decoders that read a text character by character and train the backbone beside CTC ("guided training").

A guide exists in training only: evaluation and exported files do not contain it. It is a cell with

- ``labels``: batch columns that it takes after the features, in order;
- ``outputs``: names of its outputs.

``construct(features, *labels)`` gets the features of the backbone, (N, C, H, W).
"""
