"""When no source is pinned: what is shown, who chooses, and what is asked of the Hub."""

from __future__ import annotations

import pytest

from seaguard_cli.weights import Store

from .helpers import DATA, NAME, OFFICIAL, REPO, TARGET, Ran, offer, seaguard
from .loopback import FakeRepo, Hub

BOTH = "in err"
STRANGER = "other/My-qwen-sea-guard-4b-gguf"


def pull(*arguments: str, **how: str) -> Ran:
    return seaguard("pull", "qwen-4b", "--no-canaries", *arguments, **how)


@pytest.fixture
def crowded(hub: Hub) -> Hub:
    """A Hub with GGUFs that declare either spelling, one of that name alone, and the official."""
    offer(hub)
    old = f"base_model:quantized:{OFFICIAL.replace('040226', '2602')}"
    hub.repos["third/Guard-GGUF"] = FakeRepo(
        {"g.Q8_0.gguf": b"GGUF"}, tags=["gguf", old], downloads=9
    )
    hub.repos[STRANGER] = FakeRepo({"m-Q4_K_M.gguf": b"GGUF" * 9}, tags=["gguf"], downloads=99999)
    hub.repos["fourth/unrelated"] = FakeRepo({"m-Q4_K_M.gguf": b"GGUF"}, tags=["gguf"])
    hub.repos[OFFICIAL] = FakeRepo(
        {"config.json": b"{}", "model.safetensors": bytes(5000), "picture.png": bytes(9**6)},
        tags=["license:apache-2.0"],
    )
    return hub


def test_without_a_terminal_it_ends_with_the_commands_to_choose_from(
    crowded: Hub, store: Store
) -> None:
    ran = pull()
    assert ran.status == 4
    assert "no source of its weights is pinned, so the choice is yours" in ran.err
    assert (
        f"  seaguard pull qwen-4b:Q4_K_M --source {REPO}  (by someone; 1,234 downloads" in ran.err
    )
    assert f"--source {STRANGER}  (by other; 99,999 downloads; Q4_K_M 36 bytes; by its" in ran.err
    assert "  seaguard pull qwen-4b:Q4_K_M --build  (fetch 5.0 KB of aisingapore/Qwen" in ran.err
    assert ran.err.index(REPO) < ran.err.index(STRANGER)
    assert "third/Guard-GGUF: by third; 9 downloads; no Q4_K_M; but Q8_0" in ran.err
    assert "unrelated" not in ran.err
    assert store.all() == []


def test_the_choices_are_in_the_json_too(crowded: Hub) -> None:
    ran = pull("--json")
    assert ran.status == 4
    repos = [one["repo"] for one in ran.json["choices"]]
    assert repos == [REPO, "third/Guard-GGUF", STRANGER]
    assert ran.json["choices"][0]["quants"] == {"Q4_K_M": len(DATA)}
    assert [one["declared"] for one in ran.json["choices"]] == [True, True, False]
    assert ran.json["build"] == {"repo": OFFICIAL, "size": 5002}
    assert ran.json["error"]["type"] == "SourceOpen"


@pytest.mark.parametrize("terminals", ["in", "err", "out", "in out"])
def test_one_terminal_is_not_enough_to_ask(crowded: Hub, terminals: str) -> None:
    assert pull(terminals=terminals, answers="1\n").status == 4


def test_on_a_terminal_the_person_picks(crowded: Hub, store: Store) -> None:
    ran = pull(terminals=BOTH, answers="1\n")
    assert ran.status == 0, ran.err
    assert (store.folder / TARGET).read_bytes() == DATA


def test_a_wrong_answer_is_asked_again(crowded: Hub, store: Store) -> None:
    ran = pull(terminals=BOTH, answers="7\n2\n")
    assert ran.status == 0
    assert "'7' is none of them" in ran.err
    assert store.all()[0].repo == STRANGER


@pytest.mark.parametrize("answers", ["", "\n"])
def test_no_answer_leaves(crowded: Hub, store: Store, answers: str) -> None:
    ran = pull(terminals=BOTH, answers=answers)
    assert ran.status == 130
    assert store.all() == []


def test_a_known_source_is_shown_and_not_just_taken(hub: Hub) -> None:
    repo = "mradermacher/Gemma-SEA-Guard-12B-2602-GGUF"
    hub.repos[repo] = FakeRepo({"Gemma-SEA-Guard-12B-2602.Q4_K_M.gguf": DATA}, downloads=5)
    ran = seaguard("pull", "gemma-12b")
    assert ran.status == 4
    assert f"--source {repo}  (by mradermacher; 5 downloads; Q4_K_M 3.1 MB; known to sea" in ran.err
    assert "--build" not in ran.err


def test_nothing_at_all_is_found(hub: Hub) -> None:
    ran = pull()
    assert ran.status == 4
    assert "none was found" in ran.err


def test_a_mirror_that_cannot_be_searched_still_has_the_official_repo(crowded: Hub) -> None:
    crowded.statuses.append(("/api/models?", 404, {}))
    ran = pull()
    assert ran.status == 4
    assert "run one of\n  seaguard pull qwen-4b:Q4_K_M --build" in ran.err


def test_both_spellings_are_asked_for(crowded: Hub) -> None:
    pull()
    searches = [one.path for one in crowded.asked if one.path.startswith("/api/models?")]
    assert any("base_model:quantized:aisingapore/Qwen-SEA-Guard-4B-040226" in s for s in searches)
    assert any("base_model:quantized:aisingapore/Qwen-SEA-Guard-4B-2602" in s for s in searches)
    assert any("search=Qwen-SEA-Guard-4B" in s for s in searches)


def test_an_official_repo_that_was_renamed_is_found(crowded: Hub) -> None:
    new = OFFICIAL.replace("040226", "2602")
    crowded.repos[new] = crowded.repos[OFFICIAL]
    crowded.repos[OFFICIAL] = FakeRepo({}, moved_to=new)
    assert f"of {new}, by its makers" in pull().err


def test_a_repo_that_is_found_and_closed_is_left_out(crowded: Hub) -> None:
    crowded.repos[STRANGER].private = True
    assert STRANGER not in pull().err


@pytest.mark.parametrize("name", ["third/a\x1b[31mb", "third/a..b", "no-owner", "a/b/c"])
def test_a_repo_that_no_one_could_fetch_from_is_left_out(crowded: Hub, name: str) -> None:
    declared = f"base_model:quantized:{OFFICIAL}"
    crowded.repos[name] = FakeRepo({"x-Q4_K_M.gguf": b"GGUF"}, tags=["gguf", declared])
    ran = pull("--json")
    repos = [one["repo"] for one in ran.json["choices"]]
    assert repos == [REPO, "third/Guard-GGUF", STRANGER]


CHECK = ("check", "-m", "qwen-4b", "some text")


def test_the_first_check_asks_whether_to_download(crowded: Hub, store: Store) -> None:
    ran = seaguard(*CHECK, terminals=BOTH, answers="n\n")
    assert ran.status == 4
    question = "qwen-4b:Q4_K_M is not on this machine, about 2.5 GB, licence Apache-2.0: download"
    assert question in ran.err
    assert "get them with `seaguard pull qwen-4b:Q4_K_M`" in ran.err
    assert crowded.asked == []


def test_the_first_check_downloads_after_a_yes(crowded: Hub, store: Store) -> None:
    ran = seaguard(*CHECK, terminals=BOTH, answers="y\n1\n")
    # The bytes of this test are no model, and that is told plainly after they have come.
    assert ran.status == 4
    assert (store.folder / TARGET).read_bytes() == DATA
    assert "cannot load it" in ran.err


@pytest.mark.parametrize(
    ("arguments", "terminals"),
    [
        (CHECK, ""),
        (CHECK, "in"),
        (CHECK, "err"),
        ((*CHECK, "--offline"), BOTH),
        ((*CHECK, "-q"), BOTH),
        (("check", "-m", "qwen-4b", "-f", "-"), BOTH),
    ],
)
def test_the_first_check_asks_no_one_where_no_one_can_answer(
    hub: Hub, arguments: tuple[str, ...], terminals: str
) -> None:
    ran = seaguard(*arguments, terminals=terminals, answers="y\n")
    assert ran.status == 4
    assert "its weights are not on this machine: get them with `seaguard pull" in ran.err
    assert "download now?" not in ran.err
    assert hub.asked == []


def test_the_other_quant_that_is_here_is_told(hub: Hub) -> None:
    offer(hub, files={NAME.replace("Q4_K_M", "Q8_0"): DATA})
    seaguard("pull", "qwen-4b:Q8_0", "--source", REPO, "--no-canaries")
    ran = seaguard(*CHECK)
    assert "qwen-4b:Q4_K_M: its weights are not on this machine (only Q8_0): get them" in ran.err
