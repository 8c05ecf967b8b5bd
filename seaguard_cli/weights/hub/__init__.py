"""The Hub: what it lists, what it states of a file, and the bytes of it. The one way out."""

from seaguard_cli.weights.hub.files import RemoteFile, Repo
from seaguard_cli.weights.hub.hub import Hub

__all__ = ["Hub", "RemoteFile", "Repo"]
