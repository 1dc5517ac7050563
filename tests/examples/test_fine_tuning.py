"""Fine-tuning: examples go up, a job learns from them, the name of a model comes back.

`stub_fine_tuning` has its state in a dict: job → what it is. A job is done when it is asked about
for the second time.
"""

import contextlib
import json
import time

import openai
import pytest

pytestmark = pytest.mark.eugpt_files(profile="openai", environ="openai")

PAUSE = 0.01  # seconds; a real job takes hours


class JobFailed(Exception):
    """There is no model."""


def tune(examples: list[tuple[str, str]]) -> str:
    """The application: the name of a model that has learnt from questions and answers."""
    lines = [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]}
        for asked, said in examples
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with openai.OpenAI() as client, contextlib.ExitStack() as cleanup:
        # A retry after a lost answer would store the file twice, or pay for two jobs.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=("examples.jsonl", content), purpose="fine-tune")
        cleanup.callback(_delete, client, file.id)
        job = once.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file=file.id)
        while job.status in ("validating_files", "queued", "running"):
            time.sleep(PAUSE)
            job = client.fine_tuning.jobs.retrieve(job.id)
        if job.fine_tuned_model is None:
            raise JobFailed(f"{job.id} is {job.status}")
        return job.fine_tuned_model


def _delete(client, file_id):
    # Where the answer to a delete was lost, the SDK asks again, and the file is gone.
    with contextlib.suppress(openai.NotFoundError):
        client.files.delete(file_id)


def stub_fine_tuning(mock):
    """The jobs; a file that isn't JSON lines makes a job fail."""
    jobs = {}

    def create(request):
        job_id = f"ftjob-{len(jobs) + 1}"
        jobs[job_id] = {"id": job_id, "object": "fine_tuning.job", "status": "validating_files"}
        jobs[job_id] |= {"fine_tuned_model": None, **request.json}
        return jobs[job_id]

    def retrieve(request):
        job = jobs[request.params["id"]]
        if job["status"] == "running":
            job |= {"status": "succeeded", "fine_tuned_model": f"ft:{job['model']}:{job['id']}"}
        elif job["status"] == "validating_files":
            job["status"] = "running" if is_valid(job["training_file"]) else "failed"
        return job

    def is_valid(file_id):
        try:
            return all(map(json.loads, mock.files[file_id].content.splitlines()))
        except ValueError:
            return False

    mock.stub("POST", "/fine_tuning/jobs", reply=create)
    mock.stub("GET", "/fine_tuning/jobs/{id}", reply=retrieve)
    return jobs


def test_the_model_has_a_name(eugpt_files):
    """And the examples are deleted."""
    stub_fine_tuning(eugpt_files)

    assert tune([("one?", "ONE")]) == "ft:gpt-4.1-mini:ftjob-1"

    eugpt_files.assert_uploaded("examples.jsonl", purpose="fine-tune")
    assert len(eugpt_files.files) == 0


def test_a_job_that_fails(eugpt_files):
    """There is no model, and no file is left."""
    jobs = stub_fine_tuning(eugpt_files)
    eugpt_files.after(
        "POST /fine_tuning/jobs", lambda call: jobs["ftjob-1"].update(status="failed")
    )

    with pytest.raises(JobFailed, match="ftjob-1 is failed"):
        tune([("one?", "ONE")])

    assert len(eugpt_files.files) == 0
