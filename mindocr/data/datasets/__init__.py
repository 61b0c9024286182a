"""Data sets: lists of images, with or without labels, that give samples one by one."""
