"""`python -m esign_core.cli`: the command line where no script is on the path."""

import sys

from esign_core.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
