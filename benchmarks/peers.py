"""seaguard beside its peers: the same GGUF, prompts and machine, in turn; prints ratios.

    python benchmarks/peers.py -m MODEL.gguf [--texts FILE[:FIELD]]... [--server llama-server]

Three measures: a stream (the model loaded, one text judged before), the first verdict of a process
that is started for one text (page cache warm: the first run of each does not count), and the peak
of resident memory in the stream. The ways:

- seaguard as it is, and with `--settle 0`: undecided scores are not measured again, which shows the
  engine beside the ceiling. Where weights are random nearly every score is undecided.
- llama-cpp-python's `create_chat_completion` with a grammar and its defaults, in a loop.
- llama-server with 8 slots, grammar and prompt cache, asked by 8 threads; as shipped, and with
  `--no-repack`. Build it from the llama.cpp in llama-cpp-python's source package, so that all run
  the same code:

      pip download --no-binary :all: --no-deps llama-cpp-python==VERSION
      tar xf llama_cpp_python-VERSION.tar.gz
      cmake -G Ninja -S llama_cpp_python-*/vendor/llama.cpp -B server -DCMAKE_BUILD_TYPE=Release
      cmake --build server --target llama-server

- the ceiling: llama.cpp's prefill of one 512-token sequence with the settings that are best here.

New tokens are those behind what all prompts begin with, each prompt's counted once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from against import page
from against.children import Ended, module, run
from against.job import Job
from texts import generated, texts_of

_SEAGUARD, _UNSETTLED = "seaguard", "seaguard --settle 0"
# About twenty tokens with the end of its prompt.
_FIRST = "Tetangga saya ribut terus tiap malam."
_REPEATED = 0.3


@dataclass
class Measured:
    """What every round gave, by way: streams, first verdicts, and rates of the ceiling."""

    streams: dict[str, list[Ended]] = field(default_factory=dict)
    firsts: dict[str, list[Ended]] = field(default_factory=dict)
    ceilings: list[dict[str, float]] = field(default_factory=list)
    repeated: list[Ended] = field(default_factory=list)


def ways(server: str | None) -> dict[str, tuple[list[str], dict[str, Any]]]:
    """Give the command of each way and what is special about its job."""
    found: dict[str, tuple[list[str], dict[str, Any]]] = {
        _SEAGUARD: (module("seaguard"), {}),
        _UNSETTLED: (module("seaguard"), {"settle": 0.0}),
        "llama-cpp-python loop": (module("loop"), {}),
    }
    if server:
        found["llama-server, 8 slots"] = (module("server", server), {})
        found["llama-server, 8 slots, --no-repack"] = (
            module("server", server, "--no-repack"),
            {},
        )
    return found


def measure(job: Job, lone: Job, server: str | None, rounds: int) -> Measured:
    """Run every way in turn, round after round."""
    found, all_ways = Measured(), ways(server)
    fresh = len(job.texts) - round(len(job.texts) * _REPEATED)
    texts = [*job.texts[:fresh], *job.texts[: len(job.texts) - fresh]]
    for number in range(rounds):
        for name, (command, special) in all_ways.items():
            told(f"round {number + 1} of {rounds}: {name}")
            found.streams.setdefault(name, []).append(run(command, asdict(replace(job, **special))))
            if name == _UNSETTLED:
                repeated = asdict(replace(job, texts=texts, **special))
                found.repeated.append(run(command, repeated))
        told(f"round {number + 1} of {rounds}: the ceiling")
        found.ceilings.append(run(module("ceiling", job.model)).said)
    del all_ways[_UNSETTLED]
    judge = [sys.executable, "-m", "seaguard_cli", "check", "-m", job.model, _FIRST]
    all_ways[_SEAGUARD] = (judge, {})
    for number in range(rounds + 1):
        told(f"first verdicts, {number + 1} of {rounds + 1}")
        for name, (command, _) in all_ways.items():
            found.firsts.setdefault(name, []).append(run(command, asdict(lone)))
    for firsts in found.firsts.values():
        del firsts[0]
    return found


def streams(found: Measured, new: int, texts: int) -> str:
    """Give the table of the streams."""
    seconds = {
        name: [one.said["seconds"] for one in ended] for name, ended in found.streams.items()
    }
    ceilings = [max(one.values()) for one in found.ceilings]
    rows = []
    for name, times in seconds.items():
        shares = [new / took / most for took, most in zip(times, ceilings, strict=True)]
        peak = max(one.peak for one in found.streams[name])
        rows.append(
            (
                name,
                f"{texts / min(times):.2f}",
                f"{new / min(times):.1f}",
                f"{median(shares):.0%}",
                ratio(times, seconds[_SEAGUARD]),
                ratio(times, seconds[_UNSETTLED]),
                f"{peak / 1e9:.2f} GB",
            )
        )
    rows.append(("the ceiling", "", f"{max(ceilings):.1f}", "100%", "", "", ""))
    header = ("way", "texts/s", "new tokens/s", "of the ceiling", "seaguard is faster by")
    return page.table((*header, "with --settle 0 by", "peak memory"), rows)


def firsts(found: Measured) -> str:
    """Give the table of first verdicts."""
    seconds = {name: [one.seconds for one in ended] for name, ended in found.firsts.items()}
    header = ("way", "first verdict", "seaguard is sooner by", "peak memory")
    return page.table(
        header,
        (
            (
                name.replace(", 8 slots", ""),
                f"{min(times):.2f} s",
                ratio(times, seconds[_SEAGUARD]),
                f"{max(one.peak for one in found.firsts[name]) / 1e9:.2f} GB",
            )
            for name, times in seconds.items()
        ),
    )


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    return f"{median(one / other for one, other in zip(slow, fast, strict=True)):.2f} x"


def notes(found: Measured, new: Sequence[int]) -> list[str]:
    """Give what the tables do not show."""
    rejudged = found.streams[_SEAGUARD][-1].said["rejudged"]
    labels = {name: ended[-1].said["labels"] for name, ended in found.streams.items()}
    own = labels[_SEAGUARD]
    same = (
        f"{name} {sum(map(str.__eq__, own, map(str.strip, other))) / len(own):.0%}"
        for name, other in labels.items()
        if name != _SEAGUARD
    )
    best = max((rate, name) for one in found.ceilings for name, rate in one.items())[1]
    kept = len(new) - round(len(new) * _REPEATED)
    plain = [one.said["seconds"] for one in found.streams[_UNSETTLED]]
    repeated = [one.said["seconds"] for one in found.repeated]
    cost = median(one / other for one, other in zip(repeated, plain, strict=True))
    return [
        f"- Settled (judged again alone): {rejudged} of {len(new)} texts.",
        f"- Labels as seaguard's: {', '.join(same)}. A front end that writes its answer takes the "
        "likeliest token that the grammar allows, which of a model that is no guard may be another "
        "beginning of the same words.",
        f"- The ceiling's best settings: weights {best}.",
        f"- With {1 - kept / len(new):.0%} of the texts repeated, which leaves "
        f"{sum(new[:kept]) / sum(new):.1%} of the tokens, the stream takes {cost:.1%} of the time.",
    ]


def told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(asked: argparse.Namespace) -> None:
    count = asked.count or (12 if asked.quick else 64)
    rounds = asked.rounds or (1 if asked.quick else 3)
    texts = texts_of(asked.texts, count) if asked.texts else generated(count)
    if asked.words:
        texts = [" ".join(text.split()[: asked.words]) for text in texts]
    model = str(asked.model.resolve())
    shown: Mapping[str, Any] = run(module("prepare"), {"model": model, "texts": texts}).said
    first = run(module("prepare"), {"model": model, "texts": [_FIRST]}).said
    common = {key: shown[key] for key in ("before", "after", "words")}
    job_of = partial(Job, model, **common)
    job = job_of(texts=texts, turns=shown["turns"], ctx=shown["ctx"])
    lone = job_of(texts=[_FIRST], turns=first["turns"], ctx=first["ctx"])
    server = str(asked.server.resolve()) if asked.server else None
    found = measure(job, lone, server, rounds)
    new: list[int] = shown["new"]
    source = f"texts of {', '.join(Path(one.partition(':')[0]).name for one in asked.texts)}"
    cut = f", each cut after {asked.words} words" if asked.words else ""
    parts = [
        page.machine(shown["processors"]),
        f"{len(texts)} {source if asked.texts else 'generated texts'}{cut}, {sum(new)} new tokens "
        f"({min(new)} to {max(new)} a text, {shown['head']} shared); {rounds} "
        f"round{'s' if rounds > 1 else ''}. "
        f"The file has {asked.model.stat().st_size / 1e9:.2f} GB.",
        streams(found, sum(new), len(texts)),
        firsts(found),
        "\n".join(notes(found, new)),
    ]
    if not server:
        parts.append("llama-server was not measured: no --server was given.")
    text = "\n\n".join(parts)
    title = asked.title or asked.model.stem
    print(f"## {title}\n\n{text}")
    if asked.page:
        page.put(asked.page, title, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-m", "--model", type=Path, required=True, metavar="GGUF")
    parser.add_argument(
        "--texts", action="append", default=[], metavar="FILE[:FIELD]", help="else generated ones"
    )
    parser.add_argument("--count", type=int, help="how many texts (64, with --quick 12)")
    parser.add_argument("--words", type=int, help="cut each text after so many words")
    parser.add_argument("--rounds", type=int, help="how often in turn (3, with --quick once)")
    parser.add_argument("--server", type=Path, metavar="BINARY", help="llama-server, see above")
    parser.add_argument("--quick", action="store_true", help="few texts, one round")
    parser.add_argument("--title", help="of the section in the page, else the model's name")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="put the section into this page, too"
    )
    given = parser.parse_args()
    sources = [Path(one.partition(":")[0]) for one in given.texts]
    for path in filter(None, [given.model, given.server, *sources]):
        if not path.is_file():
            parser.error(f"{path} is no file")
    try:
        main(given)
    except RuntimeError as error:
        sys.exit(str(error))
