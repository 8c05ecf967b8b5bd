"""seaguard itself, in a process of its own: the same door that `seaguard check` goes through."""

from __future__ import annotations

from against.job import Job, Judged, answer
from seaguard_cli import Guard, Item


def stream(job: Job) -> Judged:
    options = {} if job.settle is None else {"settle": job.settle}
    with Guard(job.model, **options) as guard:  # type: ignore[arg-type]
        guard.check("Hello.")
        with job.clock() as took:
            labels = [one.label for one in guard.stream(Item(text) for text in job.texts)]
        return Judged(took(), labels, rejudged=guard.rejudged)


if __name__ == "__main__":
    answer(stream)
