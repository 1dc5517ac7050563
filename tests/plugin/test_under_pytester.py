"""The plugin under pytester, as the tests of other plugins run it: modules are imported anew."""

import pytest


def test_a_client_library_may_be_imported_again_in_one_process(pytester: pytest.Pytester) -> None:
    """The new module is intercepted too, and its call is still one of httpx2."""
    pytester.makepyfile(
        """
        def test_of_another_plugin(eugpt_files):
            import httpx2

            httpx2.get(eugpt_files.base_url + "/files")
            eugpt_files.assert_called("list", client="httpx2")
        """
    )
    options = ("-p", "no:randomly", "-o", "asyncio_default_fixture_loop_scope=function")
    for _ in range(2):
        pytester.runpytest_inprocess(*options).assert_outcomes(passed=1)
