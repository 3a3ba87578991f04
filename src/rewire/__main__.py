"""`python -m rewire` is the `rewire` command."""

import sys

from rewire.cli import main

if __name__ == "__main__":
    sys.exit(main())
