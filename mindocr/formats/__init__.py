"""Formats of files: label files, published data sets, annotation tools, results for benchmarks."""
