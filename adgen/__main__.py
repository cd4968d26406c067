"""`python -m adgen`."""

from __future__ import annotations

import sys

from adgen.cli import main

sys.exit(main())
