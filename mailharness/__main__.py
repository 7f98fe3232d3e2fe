"""``python -m mailharness``: the command line, for where its script is not on the path."""

import sys

from mailharness.cli import main

sys.exit(main())
