"""Fit the settings of the post-processing on validation images, and show what that is worth on the test images."""
