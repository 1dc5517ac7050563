"""The journal: order of arrival, and the cap."""

from __future__ import annotations

import threading
import time

import httpx

from eugpt_files_mock import FilesMock, faults


def test_at_its_cap_the_call_that_arrived_first_goes_first() -> None:
    """Though it was answered last: a slow upload arrives before two lists, and ends after them."""
    with FilesMock(max_calls=2).serve() as mock:
        mock.inject(faults.delay(1), on="retrieve")
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        mock.add_file("a.txt", id="7")
        slow = threading.Thread(
            target=httpx.get, args=(f"{mock.base_url}/files/7",), kwargs={"headers": headers}
        )
        slow.start()
        while mock.armed:  # until the slow one has arrived
            time.sleep(0.01)
        for purpose in ("first", "second"):
            httpx.get(f"{mock.base_url}/files", params={"purpose": purpose}, headers=headers)
        slow.join()

        assert ["first", "second"] == [call.purpose for call in mock.calls]
