"""`config.toml` in the person's config folder: defaults for options, by their long names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from seaguard_cli.errors import ConfigError


def read_config(
    path: Path, settable: Mapping[str, Collection[str]]
) -> dict[str, dict[str, object]]:
    """Give for each command the options that the file sets, by parameter name.

    `settable` are the parameter names of each command that may be set; a line holds for every
    command that has such an option. Raises ConfigError.
    """
    table = _table(path)
    known = {name for names in settable.values() for name in names}
    options: dict[str, object] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            allowed = ", ".join(sorted(one.replace("_", "-") for one in known))
            raise ConfigError(path=str(path), problem=f"no option {key!r}; there are {allowed}")
        if isinstance(value, dict | list):
            raise ConfigError(path=str(path), problem=f"{key!r} is not a single value")
        options[name] = value
    return {
        command: {name: options[name] for name in names if name in options}
        for command, names in settable.items()
    }


def _table(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(path=str(path), problem=_lower(error.strerror or str(error))) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path=str(path), problem=f"byte {error.start + 1} is not UTF-8") from error
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path=str(path), problem=_lower(str(error))) from error


def _lower(problem: str) -> str:
    return problem[:1].lower() + problem[1:]
