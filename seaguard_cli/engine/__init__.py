"""From prompts to scores."""

from seaguard_cli.engine.cancellation import Cancellation
from seaguard_cli.engine.protocol import FLUSH, Engine, EngineOptions, Flush, Outcomes, TokenSegment

__all__ = ["FLUSH", "Cancellation", "Engine", "EngineOptions", "Flush", "Outcomes", "TokenSegment"]
