"""Scores kept between runs: what was measured once need not be measured again."""

from seaguard_cli.cache.cache import Cache, Overview

__all__ = ["Cache", "Overview"]
