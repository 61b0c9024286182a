"""Heads: from the neck's feature maps to named outputs.

A head is a cell with two class attributes (or properties, if they depend on its arguments):

- ``outputs``: names of its outputs in training, in order;
- ``inference_outputs``: names of its outputs in evaluation, in order.

``construct`` returns a tuple in that order, or a single tensor where there is one name. Losses and post-processings
read outputs by these names.
"""
