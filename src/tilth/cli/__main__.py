"""Runs the command line as `python -m tilth.cli`."""

from __future__ import annotations

import sys

from tilth.cli import main

sys.exit(main())
