"""`python -m esc_gpu COMMAND`, where the script `esc-gpu` is not on the PATH."""

import sys

from esc_gpu.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
