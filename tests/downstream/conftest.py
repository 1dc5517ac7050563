"""A project that uses eugpt-files-mock: what its users write."""

import pytest


@pytest.fixture(scope="session")
def eugpt_files_options():
    return {"seed": 7}
