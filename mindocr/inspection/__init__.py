"""Looking through a data set before training: images, polygons, duplicates, sizes; a page about them, and repairs."""
