"""A tool that changes its process: `python -m tests.intercept.tools NAME CLIENT FIRST BASE_URL`."""

import sys

name, client, first, base_url = sys.argv[1:]
if (name, first) == ("gevent", "tool"):  # it wants to come before all imports
    from gevent import monkey

    monkey.patch_all()

from .table import TOOLS  # noqa: E402 - see above
from .trial import FIRST, trial  # noqa: E402 - see above

(tool,) = (tool for tool in TOOLS if (tool.name, tool.client) == (name, client))
for left_first in FIRST:
    if not (tool.is_nested and first == left_first == "tool"):
        trial(tool, base_url, first, left_first)
