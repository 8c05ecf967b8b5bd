"""Print the Nth shell command block of README.md, joined to one line."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def command(number: int) -> str:
    text = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(blocks[number - 1]).strip().replace("\\\n", " ")


if __name__ == "__main__":
    print(command(int(sys.argv[1])))
