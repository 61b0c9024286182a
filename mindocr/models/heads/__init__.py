"""Heads: from the neck's feature maps to named outputs.

A head is a cell with two class attributes (or properties, if they depend on its arguments):

- ``outputs``: names of its outputs in training, in order;
- ``inference_outputs``: names of its outputs in evaluation, in order.

It may also have

- ``labels``: batch columns that it takes in training after its input and the backbone's features, in order;
- ``must_be_read``: outputs that are useless in training unless the loss reads them;
- ``channels``: size of the last axis of outputs, by name, for losses that need a certain one.

``construct`` returns a tuple in that order, or a single tensor where there is one name. Losses and post-processings
read outputs by these names.
"""
