"""``python -m mindocr`` is the command ``mindocr``."""

from mindocr.cli.main import main

if __name__ == "__main__":
    main()
