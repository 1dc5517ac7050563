"""An upload in parts, for files that are too large for one request.

`stub_uploads` has its state in a dict: upload → its parts. When it is completed, the parts become a
file of the mock, which the five calls know.
"""

import hashlib

import openai
import pytest

from eugpt_files_mock import Answer, faults

pytestmark = pytest.mark.eugpt_files(profile="openai", environ="openai")


def upload_in_parts(filename: str, content: bytes, part_bytes: int) -> str:
    """The application: the id of the new file."""
    with openai.OpenAI() as client:
        # What makes something isn't sent again blindly; an upload that failed is cancelled.
        once = client.with_options(max_retries=0)
        upload = once.uploads.create(
            filename=filename,
            bytes=len(content),
            mime_type="application/octet-stream",
            purpose="user_data",
        )
        try:
            parts = [
                once.uploads.parts.create(upload.id, data=content[start : start + part_bytes]).id
                for start in range(0, len(content), part_bytes)
            ]
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            return once.uploads.complete(upload.id, part_ids=parts, md5=md5).file.id
        except Exception:
            once.uploads.cancel(upload.id)
            raise


def stub_uploads(mock):
    """The uploads; of one whose bytes or digest differ from what was said, there is no file."""
    uploads = {}

    def create(request):
        upload_id = f"upload_{len(uploads) + 1}"
        uploads[upload_id] = {**request.json, "parts": {}}
        return shown(upload_id, "pending")

    def add(request):
        parts = uploads[request.params["id"]]["parts"]
        part_id = f"part_{len(parts) + 1}"
        parts[part_id] = request.form.files["data"].content
        return {"id": part_id, "object": "upload.part", "upload_id": request.params["id"]}

    def complete(request):
        upload = uploads[request.params["id"]]
        content = b"".join(upload["parts"][one] for one in request.json["part_ids"])
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if len(content) != upload["bytes"] or request.json.get("md5", digest) != digest:
            return Answer(status=400, json={"error": {"message": "The bytes differ."}})
        file = mock.add_file(upload["filename"], content, purpose=upload["purpose"])
        members = {"id": file.id, "object": "file", "filename": file.filename, "bytes": file.bytes}
        return {**shown(request.params["id"], "completed"), "file": members}

    def cancel(request):
        uploads[request.params["id"]]["parts"].clear()
        return shown(request.params["id"], "cancelled")

    def shown(upload_id, status):
        return {"id": upload_id, "object": "upload", "status": status}

    mock.stub("POST", "/uploads", reply=create)
    mock.stub("POST", "/uploads/{id}/parts", reply=add)
    mock.stub("POST", "/uploads/{id}/complete", reply=complete)
    mock.stub("POST", "/uploads/{id}/cancel", reply=cancel)
    return uploads


def test_the_parts_become_one_file(eugpt_files):
    """In their order; the file can be retrieved as any other."""
    uploads = stub_uploads(eugpt_files)

    file_id = upload_in_parts("large.bin", b"0123456789", part_bytes=4)

    assert eugpt_files.files[file_id].content == b"0123456789"
    assert list(uploads["upload_1"]["parts"].values()) == [b"0123", b"4567", b"89"]


def test_a_part_that_fails_cancels_the_upload(eugpt_files):
    """Nothing of it stays at the service."""
    uploads = stub_uploads(eugpt_files)
    eugpt_files.inject(faults.server_error(), on="POST /uploads/{id}/parts", skip=1)

    with pytest.raises(openai.InternalServerError):
        upload_in_parts("large.bin", b"0123456789", part_bytes=4)

    eugpt_files.assert_called("POST /uploads/{id}/cancel", times=1)
    assert (uploads["upload_1"]["parts"], len(eugpt_files.files)) == ({}, 0)
