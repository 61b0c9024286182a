"""Fit the settings of the post-processing on validation images, and score the result on the test images."""
