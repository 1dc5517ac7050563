"""How hard these tests try: once in CI, twenty times as much in the nightly session of nox."""

from __future__ import annotations

import os

IS_NIGHTLY = os.environ.get("ROBUSTNESS") == "nightly"
"""Then chances differ from night to night; otherwise they repeat."""

EFFORT = 20 if IS_NIGHTLY else 1
"""Multiplies the numbers of cases."""
