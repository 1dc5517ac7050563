"""The code under test: archives reports at EU GPT."""

import os

import requests
from openai import OpenAI


def client() -> OpenAI:
    return OpenAI(api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"])


def archive(name: str, content: bytes) -> str:
    with client() as sdk:
        return sdk.files.create(file=(name, content), purpose="assistants").id


def names() -> list[str]:
    with client() as sdk:
        return [file.filename for file in sdk.files.list(limit=2)]


def download(file_id: str) -> bytes:
    answer = requests.get(
        f"{os.environ['EUGPT_BASE_URL']}/files/{file_id}/content",
        headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.content
