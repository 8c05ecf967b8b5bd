"""The HTTP client that huggingface_hub and our own requests share: bounded, patient, and ours.

huggingface_hub waits without a bound for some answers, and tries others once. Here every request
has a time limit and is tried again where that makes sense; what then still fails is our own error.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2

from seaguard_cli.errors import HubBusy, HubFailed, HubUnreachable
from seaguard_cli.weights.hub.patience import Patience

_BUSY = 429
_TRIED_AGAIN = frozenset({408, _BUSY, 500, 502, 503, 504})


class PatientClient(httpx2.Client):
    """Tries again what may pass: no connection, a time-out, 408, 429, 5xx.

    Follows redirects; httpx2 sends Authorization on to no other host. Raises HubUnreachable,
    HubBusy and HubFailed.
    """

    def __init__(self, patience: Patience) -> None:
        limits = httpx2.Timeout(patience.reading, connect=patience.connecting)
        super().__init__(follow_redirects=True, timeout=limits)
        self._patience = patience

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:  # noqa: ANN401
        """Send a request, again if need be."""
        self._bound(request)
        failed = 0
        while True:
            failed += 1
            try:
                response = super().send(request, **how)
            except httpx2.TransportError as error:
                self._after_error(request, error, failed)
                continue
            if response.status_code not in _TRIED_AGAIN:
                return response
            response.close()
            self._after_status(response, failed)

    def _bound(self, request: httpx2.Request) -> None:
        """Set the time limits that huggingface_hub leaves open."""
        asked = request.extensions.get("timeout", {})
        usual = self.timeout.as_dict()
        limits = {name: usual[name] if asked.get(name) is None else asked[name] for name in usual}
        request.extensions = {**request.extensions, "timeout": limits}

    def _after_error(
        self, request: httpx2.Request, error: httpx2.TransportError, failed: int
    ) -> None:
        connects = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
        tries = self._patience.tries_to_connect if connects else self._patience.tries
        if failed >= tries:
            raise HubUnreachable(host=_host(request), reason=reason_of(error)) from error
        self._patience.wait(failed)

    def _after_status(self, response: httpx2.Response, failed: int) -> None:
        host, status = _host(response.request), response.status_code
        asked = _asked_wait(response) or 0
        if failed >= self._patience.tries or asked > self._patience.longest_asked:
            if status == _BUSY:
                raise HubBusy(host=host, seconds=asked)
            raise HubFailed(host=host, status=status)
        if asked:
            self._patience.sleep(asked)
        else:
            self._patience.wait(failed)


def reason_of(error: Exception) -> str:
    """Give what a person is told of a transport error."""
    if isinstance(error, httpx2.TimeoutException):
        return "it took too long"
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).lower() or type(error).__name__


def _host(request: httpx2.Request) -> str:
    return request.url.netloc.decode("ascii")


def _asked_wait(response: httpx2.Response) -> int | None:
    """Give the seconds that the server asks to wait, as Retry-After or RateLimit say."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        parse_ratelimit_headers,
    )

    limit = parse_ratelimit_headers(response.headers)
    if response.status_code == _BUSY and limit and limit.remaining == 0:
        return limit.reset_in_seconds
    # A date, the other form that Retry-After has, no server of the Hub sends.
    said = response.headers.get("Retry-After", "").strip()
    return int(said) if said.isdigit() else None
