"""The one place that holds adgen's version; the build, the caches and the command line read it here."""

from __future__ import annotations

__version__ = "0.1.0"
