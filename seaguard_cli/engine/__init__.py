"""From prompts to scores."""

from seaguard_cli.engine.protocol import FLUSH, Engine, EngineOptions, Flush, TokenSegment

__all__ = ["FLUSH", "Engine", "EngineOptions", "Flush", "TokenSegment"]
