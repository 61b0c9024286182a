"""Data: from label files and photographs to the arrays that a network takes. Pure NumPy and OpenCV."""
