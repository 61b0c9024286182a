"""Files for other runtimes, and weights from other frameworks."""
