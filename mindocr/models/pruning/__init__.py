"""Removes channels from trained weights: which are the most redundant (FPGM), and what depends on them. NumPy alone."""
