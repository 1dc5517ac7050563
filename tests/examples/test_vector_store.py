"""A vector store: a file is uploaded, indexed, searched, and everything is deleted again.

`stub_vector_stores` has its state in a dict: store → file → status. A search finds the lines of the
files in which the question stands.
"""

import contextlib
import time

import openai
import pytest

from eugpt_files_mock import faults

pytestmark = pytest.mark.eugpt_files(profile="openai", environ="openai")

PAUSE = 0.01  # seconds between two questions about the index


class NotIndexed(Exception):
    """The file can't be searched."""


def search(filename: str, content: bytes, question: str) -> list[str]:
    """The application: the passages of a document that answer a question."""
    with openai.OpenAI() as client, contextlib.ExitStack() as cleanup:
        # A retry after a lost answer would make a second file, or a second store.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=(filename, content), purpose="assistants")
        cleanup.callback(_delete, client.files, file.id)
        store = once.vector_stores.create(name="one question")
        cleanup.callback(_delete, client.vector_stores, store.id)
        indexed = once.vector_stores.files.create(store.id, file_id=file.id)
        while indexed.status == "in_progress":
            time.sleep(PAUSE)
            indexed = client.vector_stores.files.retrieve(file.id, vector_store_id=store.id)
        if indexed.status != "completed":
            raise NotIndexed(f"{filename} is {indexed.status}")
        found = once.vector_stores.search(store.id, query=question)
        return [part.text for hit in found.data for part in hit.content]


def _delete(of, made_id):
    # Where the answer to a delete was lost, the SDK asks again, and it is gone.
    with contextlib.suppress(openai.NotFoundError):
        of.delete(made_id)


def stub_vector_stores(mock):
    """The vector stores; a file is indexed when it is asked about for the first time."""
    stores = {}

    def create(request):
        store_id = f"vs_{len(stores) + 1}"
        stores[store_id] = {}
        return {"id": store_id, "object": "vector_store", "status": "completed"}

    def delete(request):
        stores.pop(request.params["id"], None)
        return {"id": request.params["id"], "object": "vector_store.deleted", "deleted": True}

    def index(request):
        file_id = request.params.get("file_id") or request.json["file_id"]
        status = "completed" if request.method == "GET" else "in_progress"
        stores[request.params["id"]][file_id] = status
        return {"id": file_id, "object": "vector_store.file", "status": status}

    def find(request):
        lines = [
            (file, line)
            for file in map(mock.files.get, stores[request.params["id"]])
            for line in file.content.decode().splitlines()
            if request.json["query"] in line
        ]
        data = [
            {"file_id": file.id, "filename": file.filename, "score": 1.0,
             "content": [{"type": "text", "text": line}]}
            for file, line in lines
        ]  # fmt: skip
        return {"object": "vector_store.search_results.page", "data": data, "has_more": False}

    mock.stub("POST", "/vector_stores", reply=create)
    mock.stub("DELETE", "/vector_stores/{id}", reply=delete)
    mock.stub("POST", "/vector_stores/{id}/files", reply=index)
    mock.stub("GET", "/vector_stores/{id}/files/{file_id}", reply=index)
    mock.stub("POST", "/vector_stores/{id}/search", reply=find)
    return stores


def test_the_passage_is_found(eugpt_files):
    """And nothing is left: neither the file nor the store."""
    stores = stub_vector_stores(eugpt_files)

    assert search("a.txt", b"one\nforty-two\n", "two") == ["forty-two"]

    assert (stores, len(eugpt_files.files)) == ({}, 0)


def test_a_file_that_cannot_be_indexed(eugpt_files):
    """The newest stub answers: the one of this test."""
    stores = stub_vector_stores(eugpt_files)
    failed = {"id": "file", "object": "vector_store.file", "status": "failed"}
    eugpt_files.stub("GET", "/vector_stores/{id}/files/{file_id}", json=failed)

    with pytest.raises(NotIndexed, match=r"a\.txt is failed"):
        search("a.txt", b"one", "two")

    assert (stores, len(eugpt_files.files)) == ({}, 0)


def test_the_store_is_deleted_although_its_file_is_not(eugpt_files):
    """A failure in cleaning up doesn't end it."""
    stores = stub_vector_stores(eugpt_files)
    eugpt_files.inject(faults.unauthorized(), on="DELETE /vector_stores/{id}")

    with pytest.raises(openai.AuthenticationError):
        search("a.txt", b"one", "one")

    assert (list(stores), len(eugpt_files.files)) == (["vs_1"], 0)
