"""``python -m coursework.soak``: see `coursework.adversarial.soak`."""

import sys

from coursework.adversarial.soak import main

if __name__ == "__main__":
    sys.exit(main())
