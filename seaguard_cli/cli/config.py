"""`config.toml` in the person's config folder: defaults for options, by their long names."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path

from seaguard_cli.errors import ConfigError


def read_config(path: Path, known: Collection[str]) -> dict[str, object]:
    """Give the options that the file sets, by parameter name; nothing when there is no file.

    `known` are the parameter names that may be set. Raises ConfigError.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path=str(path), problem=str(error)) from error
    options: dict[str, object] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            allowed = ", ".join(sorted(one.replace("_", "-") for one in known))
            raise ConfigError(path=str(path), problem=f"no option {key!r}; there are {allowed}")
        if isinstance(value, dict | list):
            raise ConfigError(path=str(path), problem=f"{key!r} is not a single value")
        options[name] = value
    return options
