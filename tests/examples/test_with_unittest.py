"""unittest: the same mock without pytest. `python -m unittest` runs this file too."""

import unittest

import requests

from eugpt_files_mock import FilesMock, faults


class Storing(unittest.TestCase):
    """In process: each test has a mock of its own."""

    def setUp(self) -> None:
        self.mock = FilesMock().start()
        self.addCleanup(self.mock.stop)
        self.headers = {"Authorization": f"Bearer {self.mock.api_key}"}

    def test_an_upload_is_stored(self) -> None:
        """`assert_uploaded` looks at what the mock has stored, not at the client."""
        requests.post(
            f"{self.mock.base_url}/files",
            headers=self.headers,
            files={"file": ("a.txt", b"hello")},
            data={"purpose": "assistants"},
            timeout=5,
        ).raise_for_status()

        self.mock.assert_uploaded("a.txt", content=b"hello")

    def test_every_failure_is_told(self) -> None:
        """A sweep is a loop; each run begins with an empty mock."""
        for case in self.mock.sweep(expect=requests.RequestException):
            with case:
                requests.post(
                    f"{self.mock.base_url}/files",
                    headers=self.headers,
                    files={"file": ("a.txt", b"hello")},
                    data={"purpose": "assistants"},
                    timeout=5,
                ).raise_for_status()

    def test_an_outage_is_met(self) -> None:
        """`requests` doesn't retry by itself, so the caller sees the 503."""
        self.mock.inject(faults.unavailable(), on="list")

        answer = requests.get(f"{self.mock.base_url}/files", headers=self.headers, timeout=5)

        self.assertEqual(503, answer.status_code)


class Reading(unittest.TestCase):
    """On a port: one server for the class, emptied for each test."""

    @classmethod
    def setUpClass(cls) -> None:
        serving = FilesMock().serve()
        cls.mock = serving.start()
        cls.addClassCleanup(serving.stop)

    def setUp(self) -> None:
        self.mock.reset()

    def test_a_file_is_downloaded(self) -> None:
        """`add_file` stores it without a request, before the code under test runs."""
        file = self.mock.add_file("a.txt", b"hello")

        answer = requests.get(
            f"{self.mock.base_url}/files/{file.id}/content",
            headers={"Authorization": f"Bearer {self.mock.api_key}"},
            timeout=5,
        )

        self.assertEqual(b"hello", answer.content)


if __name__ == "__main__":
    unittest.main()
