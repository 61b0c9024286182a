"""From a photograph to its text: detection, reading order, crops, recognition."""
