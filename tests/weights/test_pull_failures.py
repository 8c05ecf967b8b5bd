"""What may go wrong on the way, and that nothing half is ever left under a usable name."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaguard_cli.weights import Store
from seaguard_cli.weights.fetch.part import Part

from .helpers import DATA, NAME, REPO, TARGET, Ran, offer, pull, seaguard
from .loopback import FakeRepo, Hub, git_hash, sha256

MB = 2**20


@pytest.fixture(autouse=True)
def nothing_half_is_usable(store: Store) -> Iterator[None]:
    yield
    target = store.folder / TARGET
    assert not target.exists() or target.read_bytes() == DATA
    assert all(store.damage(one) is None for one in store.all())


def failed(ran: Ran, store: Store, sentence: str, status: int = 4) -> None:
    assert sentence in ran.err
    assert ran.status == status, ran.err
    assert len([line for line in ran.err.splitlines() if "error:" in line]) == 1
    assert store.all() == []
    assert not (store.folder / TARGET).exists()


def part(store: Store) -> Path:
    return store.folder / f"{TARGET}.part"


def test_a_missing_repo(hub: Hub, store: Store) -> None:
    failed(pull(), store, f"{REPO}: no such repo on the Hub, or a private one")


def test_a_missing_repo_with_a_token(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    failed(pull(), store, "no such repo on the Hub, or a private one: check the name, or set HF_TO")


def test_a_private_repo(hub: Hub, store: Store) -> None:
    offer(hub, private=True)
    failed(pull(), store, "or a private one")


@pytest.mark.parametrize("token", ["", "hf_other"])
def test_a_gated_repo_names_the_page_where_access_is_asked_for(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    offer(hub, gated=True)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    status = 403 if token else 401
    sentence = f"{REPO}: access has to be granted (status {status}): ask for it at "
    failed(pull(), store, f"{sentence}{hub.endpoint}/{REPO}")


def test_a_token_that_is_not_valid(hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(hub)
    hub.bad_tokens.add("hf_bad")
    monkeypatch.setenv("HF_TOKEN", "hf_bad")
    ran = pull()
    failed(ran, store, "the token is not valid: correct HF_TOKEN")
    assert "hf_bad" not in ran.err


def test_a_repo_without_ggufs(hub: Hub, store: Store) -> None:
    offer(hub, files={"README.md": b""})
    failed(pull(), store, f"{REPO}: no Q4_K_M: it has no GGUF that is named after its quant")


def test_a_repo_with_other_quants_names_them(hub: Hub, store: Store) -> None:
    offer(hub, files={"M.Q8_0.gguf": b"GGUF", "M.IQ4_XS.gguf": b"GGUF"})
    failed(pull(), store, "no Q4_K_M: choose among IQ4_XS, Q8_0 with MODEL:QUANT, or build it here")


def test_a_file_that_a_known_source_lacks(hub: Hub, store: Store) -> None:
    repo = "mradermacher/Gemma-SEA-Guard-12B-2602-GGUF"
    hub.repos[repo] = FakeRepo({"README.md": b""})
    ran = seaguard("pull", "gemma-12b", "--source", repo)
    failed(ran, store, f"{repo}: no file Gemma-SEA-Guard-12B-2602.Q4_K_M.gguf")


def test_a_file_that_is_listed_and_gone(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.statuses.append(("/resolve/", 404, {"X-Error-Code": "EntryNotFound"}))
    failed(pull(), store, f"{REPO}: no file {NAME}")


def test_too_many_requests_waits_as_long_as_asked(
    hub: Hub, store: Store, waits: list[float]
) -> None:
    offer(hub)
    hub.statuses += [("/api/models/", 429, {"Retry-After": "7"})]
    hub.statuses += [("/resolve/", 429, {"RateLimit": '"api";r=0;t=9'})]
    assert pull().status == 0
    assert waits == [7, 9]


def test_too_many_requests_for_longer_than_is_worth_waiting(
    hub: Hub, store: Store, waits: list[float]
) -> None:
    offer(hub)
    hub.statuses.append(("/api/models/", 429, {"Retry-After": "3600"}))
    failed(pull(), store, "too many requests, it asks to wait 3600 s")
    assert waits == []


def test_too_many_requests_without_an_end(hub: Hub, store: Store, waits: list[float]) -> None:
    offer(hub)
    hub.statuses += [("/resolve/", 429, {"Retry-After": "5"})] * 9
    failed(pull(), store, "too many requests, it asks to wait 5 s")
    assert waits == [5, 5, 5, 5]


@pytest.mark.parametrize("where", ["/api/models/", "/resolve/", "storage"])
def test_a_server_error_that_passes(hub: Hub, store: Store, waits: list[float], where: str) -> None:
    offer(hub)
    hub.statuses += [(where, 500, {}), (where, 503, {}), (where, 504, {})]
    assert pull().status == 0
    assert waits == [1, 2, 4]


@pytest.mark.parametrize("where", ["/api/models/", "/resolve/", "storage"])
def test_a_server_error_that_stays(hub: Hub, store: Store, waits: list[float], where: str) -> None:
    offer(hub)
    hub.statuses += [(where, 502, {})] * 30
    failed(pull(), store, "it answered with status 502: run the same command again later")
    assert waits[:4] == [1, 2, 4, 8]


def test_no_network(hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    failed(pull(), store, "127.0.0.1:9: no answer, connection refused: check the connection and")


def test_something_answers_that_is_not_the_hub(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.statuses.append(("/api/models/", 200, {}))
    failed(pull(), store, "no answer, what answers is not the Hub")


def test_a_connection_that_is_cut_once_goes_on_where_it_stopped(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.cuts = [2 * MB]
    assert pull().status == 0
    first, second = hub.to("storage")
    assert "range" not in first.headers
    start = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 2 * MB
    assert second.headers["if-range"].startswith('"storage-')


def test_a_connection_that_is_cut_again_and_again_but_gets_on(hub: Hub, store: Store) -> None:
    data = DATA + DATA + DATA
    offer(hub, data)
    hub.cuts = [MB + 70_000] * 7
    assert pull().status == 0
    assert (store.folder / TARGET).read_bytes() == data
    (store.folder / TARGET).write_bytes(DATA)
    seaguard("rm", "qwen-4b", "--yes")


def test_a_connection_that_is_cut_again_and_again(
    hub: Hub, store: Store, waits: list[float]
) -> None:
    offer(hub)
    hub.always_cut = 70_000
    ran = pull()
    failed(ran, store, f"{NAME}: the connection broke off 5 times")
    assert "KB are kept" in ran.err
    assert waits == [1, 2, 4, 8]
    kept = part(store).stat().st_size
    assert kept > 0
    hub.always_cut = None
    assert pull().status == 0
    assert hub.to("storage")[-1].headers["range"] == f"bytes={kept}-"


def test_a_connection_that_is_cut_without_a_word_of_the_length(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.lengths, hub.cuts = False, [MB]
    assert pull().status == 0
    assert len(hub.to("storage")) == 2


def test_a_server_without_ranges_starts_over(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.ranges, hub.cuts = False, [2 * MB]
    assert pull().status == 0
    assert (store.folder / TARGET).read_bytes() == DATA


def test_a_server_without_ranges_that_is_cut_again_and_again(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.ranges, hub.always_cut = False, 2 * MB
    failed(pull(), store, "the connection broke off 5 times")


def test_a_server_without_etags(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.etags, hub.cuts = False, [2 * MB]
    assert pull().status == 0
    assert "if-range" not in hub.to("storage")[-1].headers


def test_a_range_that_the_storage_does_not_know(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.cuts = [2 * MB]
    hub.statuses.append(("storage", 200, {"Content-Length": "0"}))
    hub.statuses.append(("storage", 416, {}))
    ran = pull()
    failed(ran, store, "the server sends 0 bytes and the Hub states")
    assert pull().status == 0


def test_a_link_to_the_storage_that_has_expired_is_asked_for_anew(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.statuses += [("storage", 403, {})] * 2
    assert pull().status == 0
    resolved = [one for one in hub.to("hub", "GET") if "/resolve/" in one.path]
    assert len(resolved) == 3


def test_a_wrong_hash_never_becomes_a_model(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.spoil = lambda data: data[:-1] + b"x"
    spoilt = sha256(DATA[:-1] + b"x")
    failed(pull(), store, f"its SHA-256 is {spoilt} and should be {sha256(DATA)}: nothing was kept")
    assert not part(store).exists()


def test_a_wrong_hash_after_going_on_is_tried_once_more_from_the_start(
    hub: Hub, store: Store
) -> None:
    offer(hub)
    hub.always_cut = 70_000
    pull()
    kept = part(store)
    kept.write_bytes(bytes(kept.stat().st_size))
    hub.always_cut = None
    assert pull().status == 0
    assert (store.folder / TARGET).read_bytes() == DATA


@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_size(hub: Hub, store: Store, change: int) -> None:
    offer(hub)
    hub.spoil = lambda data: data[:change] if change < 0 else data + b"x"
    sentence = f"the server sends {len(DATA) + change} bytes and the Hub states {len(DATA)}"
    failed(pull(), store, sentence)


def test_more_bytes_than_were_stated(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.spoil, hub.lengths = lambda data: data + b"x", False
    failed(pull(), store, f"or more bytes and the Hub states {len(DATA)}")


def test_a_small_file_is_held_to_gits_hash(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.stated_hash = git_hash(b"something else")
    failed(pull(), store, f"should be git's {git_hash(b'something else')}")
    hub.stated_hash = git_hash(DATA)
    assert pull().status == 0


def test_a_file_that_has_changed_starts_over(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.always_cut = 70_000
    pull()
    new = b"GGUF" + bytes(2 * MB)
    offer(hub, new, commit="beef" * 10)
    hub.always_cut = None
    assert pull().status == 0
    assert "range" not in hub.to("storage")[-1].headers
    assert (store.folder / TARGET).read_bytes() == new
    seaguard("rm", "qwen-4b", "--yes")


def test_a_disk_that_fills_up_on_the_way(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(hub)

    class Full:
        def __init__(self, stream: object) -> None:
            self._stream = stream

        def write(self, data: memoryview) -> int:
            if self._stream.tell() > MB:  # type: ignore[attr-defined]
                raise OSError(errno.ENOSPC, "No space left on device")
            return self._stream.write(data)  # type: ignore[attr-defined, no-any-return]

        def __getattr__(self, name: str) -> object:
            return getattr(self._stream, name)

    enter = Part.__enter__

    def entered(self: Part) -> Part:
        enter(self)
        self._stream = Full(self._stream)  # type: ignore[assignment]
        return self

    with monkeypatch.context() as patched:
        patched.setattr(Part, "__enter__", entered)
        ran = pull()
    failed(ran, store, "no room", status=74)
    assert "what was fetched is kept" in ran.err
    kept = part(store).stat().st_size
    assert kept > MB
    assert pull().status == 0
    assert hub.to("storage")[-1].headers["range"] == f"bytes={kept}-"


def test_a_weights_folder_that_cannot_be_written(hub: Hub, store: Store) -> None:
    offer(hub)
    store.folder.parent.mkdir(parents=True)
    store.folder.write_text("a file")
    ran = pull()
    assert ran.status == 74
    assert "check the folder of the weights" in ran.err
    store.folder.unlink()


def test_a_failure_speaks_json_too(hub: Hub, store: Store) -> None:
    ran = pull("--json")
    assert ran.json["error"]["type"] == "RepoMissing"
    assert ran.json["error"]["status"] == ran.status == 4
    assert ran.json["error"]["message"] in ran.err


def test_no_repo_of_that_form(hub: Hub, store: Store) -> None:
    ran = pull("--source", "a b c")
    assert ran.status == 2
    assert "OWNER/NAME" in ran.err


def test_the_network_is_gone_in_the_middle_and_back_in_a_moment(
    hub: Hub, store: Store, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx2

    offer(hub)
    hub.cuts = [2 * MB]
    send, lost = httpx2.Client.send, [0]

    def without_network(
        self: httpx2.Client, request: httpx2.Request, **how: object
    ) -> httpx2.Response:
        if "range" in request.headers and lost[0] < 7:
            lost[0] += 1
            raise httpx2.ConnectError("[Errno -3] Temporary failure in name resolution")
        return send(self, request, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx2.Client, "send", without_network)
    assert pull().status == 0
    assert lost == [7]
    assert (store.folder / TARGET).read_bytes() == DATA
