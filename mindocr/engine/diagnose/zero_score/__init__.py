"""Scores of zero: statistics, causes, and the observer that reports them."""
