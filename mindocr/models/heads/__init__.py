"""Heads: the neck's feature maps in, named outputs out.

A head is a cell with two class attributes (or properties, where its arguments decide):

- ``outputs``: names of what it gives in training, in order;
- ``inference_outputs``: names of what it gives in evaluation, in order.

``construct`` returns a tuple in that order, or a single tensor where there is one name. Losses and post-processings
read outputs by these names.
"""
