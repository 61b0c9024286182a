"""Heads: one feature map in, the maps that loss and post-processing read out."""
