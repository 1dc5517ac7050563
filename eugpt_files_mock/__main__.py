"""`python -m eugpt_files_mock`."""

import sys

from .cli import main

sys.exit(main())
