"""`python -m llmodule`, the same as the command `llmodule`."""

from __future__ import annotations

import sys

from llmodule.cli import main

sys.exit(main())
