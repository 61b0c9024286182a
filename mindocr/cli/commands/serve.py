"""``mindocr serve``."""

from __future__ import annotations

import argparse
from typing import Any

from mindocr.cli.options import add_buckets, add_runtime, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the model, the address, the limits."""
    add = parser.add_argument
    add("--model", default="ppocr-v6-small", metavar="NAME_OR_FILE",
        help="what finds the texts: released weights that also read (ppocr-v6-small, the default, ppocr-v4, ppocr-v3, "
        "ppocr-v2); or a detector: a checkpoint, MindIR or ONNX file, a folder with a checkpoint, a YAML file, or a "
        "name such as dbnet_resnet50")  # fmt: skip
    add("--recogniser", metavar="FILE", help="model file of a recogniser that reads what --model finds")
    add("--cls_weights", metavar="NAME_OR_FILE",
        help="turn lines that are upside down before they are read: ppocr-cls, or a model file")  # fmt: skip
    add("-c", "--config", metavar="FILE", help="YAML file with the settings of a --model file that holds none")
    add("--offline", action="store_true", help="do not download weights; the same as MINDOCR_OFFLINE=1")
    add_runtime(parser)
    add_buckets(parser)
    add("--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1, this machine alone)")
    add("--port", type=_port, default=8000, help="port (default: 8000; 0: any free one)")
    add("--drop_score", type=float, default=0.5, help="lines read with a lower confidence are left out (default: 0.5)")
    add("--det_limit_side_len", type=positive, help="side length that det_limit_type limits, pixels")
    add("--det_limit_type", choices=["min", "max"], help="which side is limited (default: max)")
    add("--max_megabytes", type=float, default=32, help="largest upload, millions of bytes (default: 32)")
    add("--max_megapixels", type=float, default=50, help="largest image, millions of pixels (default: 50)")
    add("--max_network_megapixels", type=float, default=4,
        help="a larger image is reduced before texts are searched in it, millions of pixels (default: 4)")  # fmt: skip
    add("--queue", type=positive, default=32, help="requests at the same time; more get status 503 (default: 32)")
    add("--receive_s", type=float, default=30, help="seconds in which a request must arrive (default: 30)")
    add("--answer_s", type=float, default=60, help="seconds in which it is answered after that (default: 60)")
    add("--max_batch", type=positive, default=1,
        help="images that the network takes at once, if it can and their sizes agree (default: 1)")  # fmt: skip
    add("--max_wait_ms", type=float, default=5, help="milliseconds that an image waits for a batch (default: 5)")
    add("--workers", type=positive,
        help="images that are predicted side by side, if the runtime can; 1 takes less memory (default: as many as it "
        "recommends)")  # fmt: skip
    add("--check", action="store_true", help="start, read a generated image through the service, stop: for a build")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    from mindocr.inference.buckets import wanted_buckets
    from mindocr.reading.weights import forbid_network
    from mindocr.serve.limits import Limits
    from mindocr.serve.requirements import check_installed
    from mindocr.utils.logs import start_logging
    from mindocr.utils.process_exit import skip_teardown

    start_logging()
    check_installed()
    from mindocr.serve.check import Check
    from mindocr.serve.models import Choice
    from mindocr.serve.server import Address, serve

    limits = Limits(
        args.max_megabytes, args.max_megapixels, args.max_network_megapixels, args.queue, args.receive_s, args.answer_s,
        args.max_batch, args.max_wait_ms, args.workers,
    )  # fmt: skip
    if args.offline:
        forbid_network()
    choice = Choice(
        args.model, args.recogniser, args.cls_weights, args.drop_score, _detection(args), limits.max_network_pixels,
        args.runtime, args.threads, wanted_buckets(args.buckets), limits.max_batch,
    )  # fmt: skip
    skip_teardown()  # the thread of the model may hold a library that does not end well
    check = Check(limits.answer_s) if args.check else None
    code = serve(choice, Address(args.host, args.port), limits, check)
    if check is not None:
        check.result()
    return code


def _detection(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of the detector."""
    options: dict[str, Any] = {"config": args.config} if args.config else {}
    if args.det_limit_side_len or args.det_limit_type:
        options |= {"limit_side_len": args.det_limit_side_len or 960, "limit_type": args.det_limit_type or "max"}
    return options


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 65535, got '{text}'")
    return int(text)
