"""What went wrong: failed steps, and scores of zero."""
