"""The errors of huggingface_hub as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from seaguard_cli.errors import (
    AccessMissing,
    FileMissing,
    HubError,
    HubFailed,
    HubUnreachable,
    RepoMissing,
    RevisionMissing,
    SeaguardError,
    TokenRefused,
)

_UNKNOWN, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_SAYS_TOKEN = "invalid credentials"


@contextmanager
def translated(
    endpoint: str, repo: str, revision: str | None = None, file: str | None = None
) -> Iterator[None]:
    """Raise HubError in place of what huggingface_hub raises while the block runs."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    host = urlsplit(endpoint).netloc or endpoint
    try:
        yield
    except SeaguardError:
        raise
    except HfHubHTTPError as error:
        raise _of_answer(error, endpoint, host, repo, revision, file) from error
    except httpx2.HTTPError as error:
        raise HubUnreachable(host=host, reason=str(error) or type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Of a login page of some network, for instance, huggingface_hub can make nothing.
        raise HubUnreachable(host=host, reason="what answers is not the Hub") from error


def _of_answer(
    error: Exception,
    endpoint: str,
    host: str,
    repo: str,
    revision: str | None,
    file: str | None,
) -> HubError:
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HfHubHTTPError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    assert isinstance(error, HfHubHTTPError)
    status = error.response.status_code
    page = f"{endpoint}/{repo}"
    match error:
        case GatedRepoError() | DisabledRepoError():
            return AccessMissing(repo=repo, page=page, status=status)
        case RevisionNotFoundError():
            return RevisionMissing(repo=repo, revision=revision or "")
        case RemoteEntryNotFoundError():
            return FileMissing(repo=repo, file=file or "")
        case RepositoryNotFoundError():
            return RepoMissing(repo=repo)
    message = error.response.headers.get("X-Error-Message", "").lower()
    if status == _UNKNOWN and _SAYS_TOKEN in message:
        return TokenRefused(host=host)
    if status in (_UNKNOWN, _FORBIDDEN):
        return AccessMissing(repo=repo, page=page, status=status)
    if status == _NOT_FOUND:
        return FileMissing(repo=repo, file=file) if file else RepoMissing(repo=repo)
    return HubFailed(host=host, status=status)
