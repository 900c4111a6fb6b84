"""``python -m coursework.grader``."""

import sys

if __name__ == "__main__":
    # Not above: the processes that joblib starts read this file too, and need no commands.
    from coursework.grader.cli import main

    sys.exit(main())
