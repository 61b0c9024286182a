"""Check configurations without building anything: python tools/check_config.py FILE ... [-o key=value ...]."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import add_overrides, check_files, run_tool
from mindocr.config.reference import write_documents


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="configurations to check")
    add_overrides(parser)
    parser.add_argument("--schema", metavar="OUT.json", help="write the JSON schema for editors")
    parser.add_argument("--reference", metavar="OUT.md", help="write the reference of all keys")
    args = parser.parse_args()
    if not (args.files or args.schema or args.reference):
        parser.error("name at least one FILE")
    write_documents(args.schema, args.reference)
    return check_files(args.files, args.opt)


if __name__ == "__main__":
    run_tool(main)
