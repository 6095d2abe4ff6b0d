"""``python -m trinity_cli``, the same as ``trinity``."""

import sys

from trinity_cli.app import main

if __name__ == "__main__":
    sys.exit(main())
