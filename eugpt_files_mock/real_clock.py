"""The clock that measures what really passes, whatever a test does to time."""

from functools import partial
from time import perf_counter

# freezegun replaces the clocks that it finds in modules, but doesn't look into a `partial`.
real_seconds = partial(perf_counter)
"""Seconds from any begin."""
