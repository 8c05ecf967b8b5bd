"""What a check came to, told at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seaguard_cli.cli.check_progress import rate_words
from seaguard_cli.cli.sizes import time_words
from seaguard_cli.pipeline import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a run; `before` of its records were judged by the run that it resumes.

    `rejudged` is how many texts scored undecided and were judged again alone, and `seconds` what
    this run took.
    """

    model: str
    threshold: float
    tally: Tally
    before: int
    rejudged: int
    seconds: float

    @property
    def rate(self) -> float:
        """Give the records of this run a second."""
        return (self.tally.records - self.before) / self.seconds if self.seconds else 0.0

    def sentences(self) -> list[str]:
        """Give it for a person."""
        tally, here = self.tally, self.tally.records - self.before
        counted = f"{tally.records:,} records"
        if self.before:
            counted += f", {self.before:,} of them before"
        counts = [f"{tally.judged - tally.unsafe:,} safe", f"{tally.unsafe:,} unsafe"]
        if tally.judged:
            counts[1] += f" ({tally.unsafe / tally.judged:.1%})"
        if tally.failures:
            codes = ", ".join(f"{number:,} {code}" for code, number in tally.failures.most_common())
            counts.append(f"{tally.failures.total():,} not judged ({codes})")
        share = f" ({self.rejudged / here:.1%})" if here else ""
        return [
            f"{counted}; {time_words(self.seconds)}, {rate_words(self.rate)}",
            f"{', '.join(counts)}; {self.model}, threshold {self.threshold:g}",
            f"{self.rejudged:,} scored near the threshold and were judged again alone{share}",
        ]

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        tally = self.tally
        return {
            "records": tally.records,
            "before": self.before,
            "safe": tally.judged - tally.unsafe,
            "unsafe": tally.unsafe,
            "low_mass": tally.low_mass,
            "errors": {code.value: count for code, count in tally.failures.items()},
            "settled": self.rejudged,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(self.rate, 3),
            "model": self.model,
            "threshold": self.threshold,
        }
