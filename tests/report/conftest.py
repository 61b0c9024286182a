"""Images evaluated by a protocol."""

from collections.abc import Sequence

import numpy as np
import pytest

from mindocr.metrics.det_metric import DetMetric
from mindocr.report.judged_image import JudgedImage

SIZE = (200, 400)


@pytest.fixture
def judged():
    """Builds a case; ``metric`` is the metric that has evaluated all of them."""

    class Judge:
        def __init__(self) -> None:
            self.use("icdar2015")

        def use(self, protocol: str) -> None:
            self.metric = DetMetric(protocol=protocol)
            self.cases: list[JudgedImage] = []

        def __call__(
            self, truth: Sequence, found: Sequence = (), ignore: Sequence[bool] | None = None, **more
        ) -> JudgedImage:
            flags = np.zeros(len(truth), bool) if ignore is None else np.array(ignore, bool)
            result = self.metric.update(list(found), list(truth), flags)
            given = {"image": f"img_{len(self.cases)}", "size": SIZE, **more}
            case = JudgedImage(truth=list(truth), ignore=flags, found=list(found), result=result, **given)
            self.cases.append(case)
            return case

    return Judge()
