"""`python -m eugpt_files_mock`."""

import sys

from .cli.main import main

sys.exit(main())
