"""A Hub on the loopback device that behaves like the real one to the real client, and misbehaves.

Two servers, as in reality: the Hub, which redirects to a storage on another origin for large files.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
_LARGE = (".gguf", ".safetensors", ".model")


@dataclass
class FakeRepo:
    """A repo: its files, and how it stands to who asks."""

    files: dict[str, bytes]
    tags: list[str] = field(default_factory=list)
    downloads: int = 0
    commit: str = COMMIT
    gated: bool = False
    private: bool = False
    moved_to: str | None = None


@dataclass
class Asked:
    """A request that came: to the hub or to the storage."""

    server: str
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """What the servers know, what they shall do wrong, and what they were asked."""

    repos: dict[str, FakeRepo] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    granted: set[str] = field(default_factory=set)
    bad_tokens: set[str] = field(default_factory=set)
    # Statuses to answer with before anything else, for paths that contain the text.
    statuses: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    # The storage closes the connection after so many bytes of each of the next answers.
    cuts: list[int] = field(default_factory=list)
    always_cut: int | None = None
    ranges: bool = True
    etags: bool = True
    lengths: bool = True
    # What the storage sends in place of the real bytes.
    spoil: Callable[[bytes], bytes] = lambda data: data
    # What the hub states in place of the real hash.
    stated_hash: str | None = None
    # Called by the storage after each block, to hold it up.
    pace: Callable[[int], None] = lambda sent: None
    endpoint: str = ""
    storage: str = ""

    def to(self, server: str, method: str | None = None) -> list[Asked]:
        """Give what one of the servers was asked."""
        return [one for one in self.asked if one.server == server and method in (None, one.method)]

    def bytes_of(self, sha: str) -> bytes | None:
        """Give a large file by its hash."""
        for repo in self.repos.values():
            for data in repo.files.values():
                if sha256(data) == sha:
                    return data
        return None


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def running() -> Iterator[Hub]:
    """Give a Hub whose two servers run on ports of their own."""
    hub = Hub()
    servers = []
    for handler in (_HubHandler, _StorageHandler):
        bound = type(handler.__name__, (handler,), {"hub": hub})
        server = _Server(("127.0.0.1", 0), bound)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
    hub.endpoint, hub.storage = (f"http://127.0.0.1:{one.server_address[1]}" for one in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing when a client that was killed is gone."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    server_name: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.asked.append(Asked(self.server_name, self.command, path, headers))
        for number, (part, status, extra) in enumerate(self.hub.statuses):
            if part in f"{self.server_name} {path}":
                del self.hub.statuses[number]
                self.reply(status, b"", extra)
                return
        self.answer(path)

    def answer(self, path: str) -> None:
        raise NotImplementedError

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.reply(status, b"{}", {"X-Error-Code": code, "X-Error-Message": message})


class _HubHandler(_Handler):
    server_name = "hub"

    def answer(self, path: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.hub.bad_tokens:
            self.reply(
                401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"}
            )
            return
        url = urlsplit(path)
        if url.path == "/api/models":
            self._search(parse_qs(url.query))
        elif url.path.startswith("/api/models/") and "/paths-info/" in url.path:
            self._paths_info(url.path.removeprefix("/api/models/").split("/paths-info/")[0])
        elif url.path.startswith("/api/models/"):
            self._info(url.path.removeprefix("/api/models/"), url.query, token)
        elif url.path.startswith("/api/resolve-cache/models/"):
            owner, name, _, file = url.path.split("/", 7)[4:]
            self._small(self.hub.repos[f"{owner}/{name}"], file)
        elif "/resolve/" in url.path:
            name, _, rest = url.path.lstrip("/").partition("/resolve/")
            revision, _, file = rest.partition("/")
            self._resolve(name, revision, file, token)
        else:
            self.reply(404, b"not found")

    def _repo(self, name: str, token: str) -> FakeRepo | None:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and token not in self.hub.granted):
            # The real one does not tell a stranger that something is not there.
            status = 404 if token else 401
            self.refuse(status, "RepoNotFound", "Repository not found")
            return None
        return repo

    def _search(self, query: dict[str, list[str]]) -> None:
        tags = [tag for value in query.get("filter", []) for tag in value.split(",")]
        words = query.get("search", [""])[0].lower()
        found = [
            {"id": name, "modelId": name, "tags": repo.tags, "downloads": repo.downloads}
            for name, repo in self.hub.repos.items()
            if not repo.moved_to and words in name.lower() and all(tag in repo.tags for tag in tags)
        ]
        self.reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _info(self, path: str, query: str, token: str) -> None:
        name, _, revision = path.partition("/revision/")
        repo = self._repo(name, token)
        if repo is None:
            return
        if repo.moved_to:
            tail = f"/revision/{revision}" if revision else ""
            target = f"/api/models/{repo.moved_to}{tail}" + (f"?{query}" if query else "")
            self.reply(307, b"", {"Location": target})
            return
        if revision not in ("", "main", repo.commit):
            self.refuse(404, "RevisionNotFound", "Invalid rev id")
            return
        table = {
            "id": name,
            "modelId": name,
            "sha": repo.commit,
            "tags": repo.tags,
            "downloads": repo.downloads,
            "gated": "auto" if repo.gated else False,
            "siblings": [_sibling(file, data) for file, data in repo.files.items()],
        }
        self.reply(200, json.dumps(table).encode(), {"Content-Type": "application/json"})

    def _paths_info(self, name: str) -> None:
        """Not asked by seaguard, but by a mirror that stands between it and the Hub."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        wanted = json.loads(asked)["paths"] if asked.startswith("{") else parse_qs(asked)["paths"]
        files = self.hub.repos[name].files
        found = [_described(path, files[path]) for path in wanted if path in files]
        self.reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _resolve(self, name: str, revision: str, file: str, token: str) -> None:
        repo = self._repo(name, token)
        if repo is None:
            return
        if repo.moved_to:
            self.reply(307, b"", {"Location": f"/{repo.moved_to}/resolve/{revision}/{file}"})
            return
        if repo.gated and token not in self.hub.granted:
            message = f"Access to model {name} is restricted."
            self.refuse(403 if token else 401, "GatedRepo", message)
            return
        if file not in repo.files:
            self.refuse(404, "EntryNotFound", "Entry not found")
            return
        data = repo.files[file]
        if not file.endswith(_LARGE):
            target = f"/api/resolve-cache/models/{name}/{repo.commit}/{file}"
            self.reply(307, b"", {"Location": target, "X-Repo-Commit": repo.commit})
            return
        self.reply(
            302,
            b"",
            {
                "Location": f"{self.hub.storage}/{sha256(data)}?signature=abc",
                "X-Repo-Commit": repo.commit,
                "X-Linked-Size": str(len(data)),
                "X-Linked-ETag": f'"{self.hub.stated_hash or sha256(data)}"',
                "Accept-Ranges": "bytes",
            },
        )

    def _small(self, repo: FakeRepo, file: str) -> None:
        data = repo.files[file]
        self.reply(200, data, {"ETag": f'"{git_hash(data)}"', "X-Repo-Commit": repo.commit})


class _StorageHandler(_Handler):
    server_name = "storage"

    def answer(self, path: str) -> None:
        sha = urlsplit(path).path.lstrip("/")
        data = self.hub.bytes_of(sha)
        if data is None:
            self.reply(404, b"")
            return
        data = self.hub.spoil(data)
        etag = f'"storage-{sha256(data)[:16]}"'
        start, status, headers = 0, 200, {}
        if self.hub.etags:
            headers["ETag"] = etag
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range") in (None, etag)
        if self.hub.ranges and wanted.startswith("bytes=") and same:
            start, status = int(wanted[6:].split("-")[0]), 206
            if start >= len(data):
                self.reply(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(status, headers, data[start:])

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        hub = self.hub
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if hub.lengths:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        cut = hub.cuts.pop(0) if hub.cuts else hub.always_cut
        for at in range(0, len(body), 65536):
            block = body[at : at + 65536]
            if cut is not None and at + len(block) > cut:
                self.wfile.write(block[: max(0, cut - at)])
                self.wfile.flush()
                self.close_connection = True
                return
            self.wfile.write(block)
            hub.pace(at + len(block))


def _sibling(name: str, data: bytes) -> dict[str, object]:
    sibling: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git_hash(data)}
    if name.endswith(_LARGE):
        sibling["lfs"] = {"size": len(data), "sha256": sha256(data), "pointerSize": 130}
    return sibling


def _described(name: str, data: bytes) -> dict[str, object]:
    described: dict[str, object] = {
        "type": "file",
        "path": name,
        "size": len(data),
        "oid": git_hash(data),
    }
    if name.endswith(_LARGE):
        described["lfs"] = {"size": len(data), "oid": sha256(data), "pointerSize": 130}
    return described
