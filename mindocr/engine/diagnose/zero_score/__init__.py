"""Scores of zero: statistics of health, causes, and the observer that reports them."""
