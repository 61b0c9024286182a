"""What is found in an image: one type for each task, and the way from outputs to it."""
