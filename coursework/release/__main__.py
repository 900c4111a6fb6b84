"""``python -m coursework.release``."""

import sys

from coursework.release.cli import main

if __name__ == "__main__":
    sys.exit(main())
