"""A picture that all tests of released weights read."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def sign(tmp_path_factory):
    """A sign with two lines, MARKET and open 24 hours, as a file."""
    image = np.full((200, 420, 3), 255, np.uint8)
    cv2.putText(image, "MARKET", (30, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (30, 30, 120), 4)
    cv2.putText(image, "open 24 hours", (30, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0, 0, 0), 2)
    path = tmp_path_factory.mktemp("signs") / "a sign.png"
    cv2.imwrite(str(path), image)
    return path
