"""``python -m coursework.grader``."""

import sys

from coursework.grader.cli import main

if __name__ == "__main__":  # processes that joblib starts import this file as well
    sys.exit(main())
