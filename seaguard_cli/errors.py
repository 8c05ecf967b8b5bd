"""The error tree: what can go wrong, as types that carry facts and no sentences.

An exception ends a command. A `Failure` is data: it says why one record could not be judged, and
takes that record's place in the output. Both are worded in `cli/messages.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | float


class FailureCode(StrEnum):
    """Why a record could not be judged. The list is closed: it is part of the published schema."""

    INVALID_JSON = "invalid_json"
    INVALID_UTF8 = "invalid_utf8"
    MISSING_FIELD = "missing_field"
    NOT_TEXT = "not_text"
    DUPLICATE_FIELD = "duplicate_field"
    KEY_EXISTS = "key_exists"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    UNCLOSED_QUOTE = "unclosed_quote"
    RAGGED_ROW = "ragged_row"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one record could not be judged: a code, and the facts that its message needs."""

    code: FailureCode
    facts: Mapping[str, Fact] = field(default_factory=dict)


class SeaguardError(Exception):
    """Anything that ends a command; `facts` are what its sentence needs, by name."""

    def __init__(self, **facts: Fact) -> None:
        super().__init__(", ".join(f"{name}: {value}" for name, value in facts.items()))
        self.facts = facts


class UsageError(SeaguardError):
    """Options that do not go together, or a value outside its range. Facts: problem, remedy."""


class NothingToRead(UsageError):
    """No text, no file, and standard input is a terminal."""


class TextNamesFile(UsageError):
    """A single TEXT argument names an existing file. Facts: path."""


class ConfigError(UsageError):
    """A configuration file cannot be read as what it should be. Facts: path, problem."""


class InputMissing(UsageError):
    """A named input cannot be opened. Facts: path, reason."""


class InputEncoding(UsageError):
    """An input is in an encoding that is not read. Facts: path, encoding."""


class InputPacked(UsageError):
    """An input is packed in a way that is not read. Facts: path, kind, command."""


class InputNeedsFile(UsageError):
    """More Parquet than is kept of it came through a pipe. Facts: path, most (bytes)."""


class DuplicateColumns(UsageError):
    """A table's header names a column twice. Facts: path, column."""


class HeaderUnreadable(UsageError):
    """A table's header cannot be read, and so no cell has a name. Facts: path, problem."""


class ZstdMissing(UsageError):
    """This Python has no zstd to unpack an input with. Facts: path."""


class ParquetMissing(UsageError):
    """Parquet is asked for, and what reads and writes it is not installed. Facts: path."""


class OutputThere(UsageError):
    """An output that would be begun is there already. Facts: path."""


class PartThere(UsageError):
    """A file that a split would begin is there already. Facts: path."""


class OutputTaken(UsageError):
    """Another process writes this output. Facts: path."""


class OutputClosed(UsageError):
    """An output cannot be opened. Facts: path, reason."""


class CannotResume(UsageError):
    """A run cannot go on where it stopped. Facts: path, problem."""


class WindowTooLarge(UsageError):
    """A window beyond what the model was trained with. Facts: window, trained, model."""


class WeightsError(SeaguardError):
    """The weights cannot be had or used as a guard."""


class UnknownModel(WeightsError):
    """A name that is neither a known model nor a file. Facts: model, known."""


class WeightsMissing(WeightsError):
    """A known model whose weights are not on this machine. Facts: model, quant, others."""


class WeightsDamaged(WeightsError):
    """A fetched file is gone or has another size. Facts: model, file."""


class NothingStored(WeightsError):
    """There is nothing of a model that seaguard fetched or built. Facts: model."""


class NothingHere(WeightsError):
    """Nothing at all was fetched or built here."""


class BeingFetched(WeightsError):
    """Another process is fetching or building it right now. Facts: model."""


class SourceOpen(WeightsError):
    """Several ways lead to a model's weights, and a person has to choose. Facts: model, ways."""


class CanariesFailed(WeightsError):
    """The canary texts show that model or prompt is broken. Facts: model, problem, remedy."""


class NotThisModel(WeightsError):
    """A file is not the model that it is called. Facts: model, problem, remedy."""


class HubError(WeightsError):
    """The Hub does not give what was asked of it."""


class Offline(HubError):
    """The network is needed and was ruled out. Facts: model."""


class HubUnreachable(HubError):
    """No answer. Facts: host, reason."""


class HubBusy(HubError):
    """The Hub asks to be left alone for longer than is worth waiting. Facts: host, seconds."""


class HubFailed(HubError):
    """The Hub answered with an error that trying again did not mend. Facts: host, status."""


class TokenRefused(HubError):
    """The Hub does not know the token. Facts: host."""


class AccessMissing(HubError):
    """A gated or private repo. Facts: repo, page, status."""


class RepoMissing(HubError):
    """There is no such repo, or it is private. Facts: repo."""


class RevisionMissing(HubError):
    """A repo lacks a revision. Facts: repo, revision."""


class FileMissing(HubError):
    """A repo lacks a file. Facts: repo, file."""


class QuantMissing(HubError):
    """A repo has other quants. Facts: repo, quant, others."""


class TransferBroken(HubError):
    """The connection was cut again and again. Facts: file, times, kept, reason."""


class WrongSize(HubError):
    """A file is not as large as the Hub states. Facts: file, stated, found."""


class WrongHash(HubError):
    """A file is not what the Hub, or models.toml, states. Facts: file, stated, found."""


class NotConvertible(WeightsError):
    """No checkpoint of an architecture that is converted. Facts: path, problem."""


class CheckpointBroken(WeightsError):
    """A file of a checkpoint is missing, cut off or contradicts another. Facts: path, problem."""


class RepoBroken(CheckpointBroken):
    """A checkpoint on the Hub lacks a file, or one contradicts another. Facts: path, problem."""


class QuantiserFailed(WeightsError):
    """llama.cpp could not quantise. Facts: quant, reason."""


class WeightsUnreadable(WeightsError):
    """A file that llama.cpp cannot load. Facts: path, reason."""


class NotAGuard(WeightsError):
    """A model that cannot answer safe or unsafe in one token. Facts: path, problem."""


class FamilyUnclear(WeightsError):
    """The wrapper does not follow from the vocabulary. Facts: path, found, known."""


class EngineError(SeaguardError):
    """The engine failed."""


class OutOfMemory(EngineError):
    """An allocation was refused. Facts: what, ctx, size (bytes)."""


class ModelDoesNotFit(EngineError):
    """The weights are larger than the memory. Facts: model, need, free (bytes), quant.

    `quant` is the model's largest that would fit, "" when there is none.
    """


class WindowDoesNotFit(EngineError):
    """A window takes more memory than there is. Facts: model, window, need, free (bytes), fits."""


class DecodeFailed(EngineError):
    """llama.cpp could not decode. Facts: status, log."""


class DeviceMissing(EngineError):
    """The device asked for is not there. Facts: device, maker and install of a GPU, or ""."""


class ItemFailed(SeaguardError):
    """One item could not be judged; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(code=failure.code, **failure.facts)
        self.failure = failure


class Interrupted(SeaguardError):
    """The person asked to stop."""


class InputFailed(SeaguardError):
    """Reading broke off. Facts: path, reason."""


class OutputFailed(SeaguardError):
    """Writing broke off. Facts: path, reason."""


class OutputUnfinished(OutputFailed):
    """Writing broke off, and without its end the output cannot be read. Facts: path, reason."""


class NoRoom(SeaguardError):
    """The disk is full, or would be. Facts: folder, need, free (bytes)."""


class NoRoomToConvert(NoRoom):
    """The disk would be full before a conversion ends. Facts: folder, need, free (bytes)."""


class ConversionFailed(OutputFailed):
    """Writing a GGUF broke off. Facts: path, reason."""


class StoreFailed(SeaguardError):
    """The weights folder cannot be read or written. Facts: path, reason."""


class StateFailed(SeaguardError):
    """What should be remembered for later runs cannot be written. Facts: path, reason."""


class CacheFailed(SeaguardError):
    """The cache of scores cannot be read or written. Facts: path, reason."""


class CacheDamaged(CacheFailed):
    """The cache is not what was written, or no cache at all. Facts: path, reason."""


class CacheNewer(CacheFailed):
    """A later version of seaguard has made the cache. Facts: path."""


class CacheCleared(CacheFailed):
    """Another process has cleared the cache that this one used. Facts: path."""
