"""One model and one context of llama.cpp, opened and closed explicitly on every way out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from seaguard_cli.engine.cancellation import Cancellation
from seaguard_cli.engine.library import forget_log, is_not_empty, last_log_lines, llama
from seaguard_cli.engine.packing import Row
from seaguard_cli.errors import DecodeFailed, Interrupted, OutOfMemory, WeightsUnreadable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seaguard_cli.engine.plan import Plan

HEAD = 0
_NO_SLOT = 1
_FLASH_AUTO, _FLASH_OFF, _FLASH_ON = -1, 0, 1
_TYPE_F32, _TYPE_F16 = 0, 1
_SAYS_MEMORY = ("failed to allocate", "cannot allocate memory", "unable to allocate", "mmap failed")


class DoesNotFit(Exception):
    """The context has no room for this batch; a smaller one may still go in."""


class LoadedModel:
    """Weights in memory. `vocabulary_only` loads the tokenizer and nothing else."""

    def __init__(
        self,
        path: Path,
        plan: Plan,
        cancellation: Cancellation,
        *,
        vocabulary_only: bool = False,
    ) -> None:
        self._llama = llama()
        self.cancellation = cancellation
        forget_log()
        params = self._llama.llama_model_default_params()
        params.vocab_only = vocabulary_only
        params.use_extra_bufts = plan.repack
        params.n_gpu_layers = plan.gpu_layers
        # An empty list of devices, for 0 layers alone still lets single operations go to a GPU.
        self._no_devices = (ctypes.c_void_p * 1)(None)
        if not plan.on_gpu:
            params.devices = ctypes.cast(self._no_devices, ctypes.c_void_p)
        going_on = self._llama.llama_progress_callback(lambda *_: not cancellation.requested)
        params.progress_callback = going_on
        self._handle = None
        try:
            with cancellation.in_library():
                self._handle = self._llama.llama_model_load_from_file(os.fsencode(path), params)
        except Interrupted:
            self.close()
            raise
        if not self._handle:
            raise _load_error(path)
        self.vocabulary = self._llama.llama_model_get_vocab(self._handle)
        self.vocabulary_size = int(self._llama.llama_vocab_n_tokens(self.vocabulary))
        self.trained_ctx = (
            self._stated_ctx()
            if vocabulary_only
            else int(self._llama.llama_model_n_ctx_train(self._handle))
        )

    @property
    def local_tokens(self) -> int:
        """Give how many tokens its local layers see, 0 when it has none."""
        return int(self._llama.llama_model_n_swa(self._handle))

    @property
    def handle(self) -> object:
        """Give llama.cpp's pointer to the model."""
        return self._handle

    def close(self) -> None:
        """Free the weights; may be called again."""
        if self._handle:
            self._llama.llama_model_free(self._handle)
            self._handle = None

    def _stated_ctx(self) -> int:
        """Give what the file says: with the vocabulary alone llama.cpp does not look at it."""
        said = self._said(f"{self._said('general.architecture')}.context_length")
        return int(said) if said.isdecimal() else 0

    def _said(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(256)
        self._llama.llama_model_meta_val_str(self._handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")


class Context:
    """A KV cache of `ctx` tokens with the head in sequence 0, and one reusable batch.

    Beside the plan's there may be `more_sequences`, which are never read.
    """

    def __init__(
        self, model: LoadedModel, plan: Plan, *, ctx: int, more_sequences: int = 0
    ) -> None:
        self._llama = llama()
        self._vocabulary_size = model.vocabulary_size
        self._local = model.local_tokens
        cancellation = self._cancellation = model.cancellation
        self.ctx = ctx
        forget_log()
        self._handle: Any = None
        self._batch: Any = None
        try:
            with cancellation.in_library():
                params = self._params(plan, ctx, plan.sequences + 1 + more_sequences)
                self._handle = self._llama.llama_init_from_model(model.handle, params)
        except Interrupted:
            self.close()
            raise
        if not self._handle:
            raise OutOfMemory(what="the context", ctx=ctx)
        self._memory = self._llama.llama_get_memory(self._handle)
        self._batch = self._llama.llama_batch_init(ctx, 0, plan.sequences)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def clear(self) -> None:
        """Forget every sequence, the head included."""
        self._llama.llama_memory_clear(self._memory, False)

    def share(self, source: int, sequence: int, tokens: int) -> None:
        """Make the first `tokens` of the sequence `source` the beginning of `sequence`."""
        if tokens:
            self._llama.llama_memory_seq_cp(self._memory, source, sequence, 0, tokens)

    def forget(self, sequence: int, first: int = -1, last: int = -1) -> None:
        """Drop `sequence`, or its tokens [first, last); what it shares with others stays there.

        Tokens that come in next take the first cells that are free.
        """
        self._llama.llama_memory_seq_rm(self._memory, sequence, first, last)

    def part(self, source: int, first: int, last: int, *, by: int) -> bytes | None:
        """Give the state of the tokens [first, last) of `source`, by means of a free sequence."""
        self._llama.llama_memory_seq_cp(self._memory, source, by, first, last)
        state = self.state(by, last - first)
        self.forget(by)
        return state

    def state(self, sequence: int, tokens: int) -> bytes | None:
        """Give what was computed for the `tokens` of `sequence`, or None when that is not all.

        What has left the sight of local layers llama.cpp leaves out; but an item that shares less
        than the whole of the sequence still sees it.
        """
        if 0 < self._local < tokens:
            return None
        size = int(self._llama.llama_state_seq_get_size(self._handle, sequence))
        buffer = (ctypes.c_uint8 * size)()
        written = self._llama.llama_state_seq_get_data(self._handle, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Make `state` that of `sequence`, as if it had been decoded now; tell whether it fits.

        The context has to be empty, and made with the numeric settings that the state came from.
        """
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        read = self._llama.llama_state_seq_set_data(self._handle, buffer, len(state), sequence)
        return bool(read == len(state))

    def decode(self, rows: Iterable[Row]) -> list[NDArray[np.float32]]:
        """Decode rows as one batch.

        Gives the logits of each that is to be read, float32 of shape (vocabulary,), valid until
        the next decode. Raises DoesNotFit, Interrupted or DecodeFailed.
        """
        ends = self._fill(rows)
        forget_log()
        with self._cancellation.in_library():
            status = self._llama.llama_decode(self._handle, self._batch)
        if status == _NO_SLOT:
            raise DoesNotFit
        if status != 0:
            raise DecodeFailed(status=int(status), log=" / ".join(last_log_lines()[-3:]))
        return [self._logits(at) for at in ends]

    def close(self) -> None:
        """Free context and batch; may be called again."""
        if self._handle:
            if self._batch is not None:
                self._llama.llama_batch_free(self._batch)
            self._llama.llama_free(self._handle)
            self._handle = None

    def _fill(self, rows: Iterable[Row]) -> list[int]:
        """Put rows into the batch, and give the places in it that are to be read."""
        batch, at, ends = self._batch, 0, []
        for row in rows:
            for position, token in enumerate(row.ids, row.first):
                batch.token[at] = token
                batch.pos[at] = position
                batch.n_seq_id[at] = len(row.sequences)
                for number, sequence in enumerate(row.sequences):
                    batch.seq_id[at][number] = sequence
                batch.logits[at] = 0
                at += 1
            if row.read:
                batch.logits[at - 1] = 1
                ends.append(at - 1)
        batch.n_tokens = at
        return ends

    def _logits(self, at: int) -> NDArray[np.float32]:
        import numpy as np

        pointer = self._llama.llama_get_logits_ith(self._handle, at)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def _params(self, plan: Plan, ctx: int, sequences: int) -> object:
        params = self._llama.llama_context_default_params()
        params.n_ctx = ctx
        params.n_batch = ctx
        params.n_ubatch = min(plan.ubatch, ctx)
        params.n_seq_max = sequences
        # One token a sequence is read; by default room is made for every token of a micro-batch.
        params.n_outputs_max = sequences
        params.n_threads = params.n_threads_batch = plan.threads
        flash = {None: _FLASH_AUTO, False: _FLASH_OFF, True: _FLASH_ON}
        params.flash_attn_type = flash[plan.flash_attention]
        params.type_k = params.type_v = _TYPE_F32 if plan.kv_float32 else _TYPE_F16
        params.offload_kqv = params.op_offload = plan.on_gpu
        # Shared heads need one cache for all sequences, or a partial copy aborts the process;
        # and a full-size sliding window, or the head of gemma3 is overwritten.
        params.kv_unified = True
        params.swa_full = True
        params.no_perf = True
        params.abort_callback = is_not_empty()
        params.abort_callback_data = self._cancellation.address
        return params


def _load_error(path: Path) -> Exception:
    lines = last_log_lines()
    if any(word in line.lower() for line in lines for word in _SAYS_MEMORY):
        size = 0
        with suppress(OSError):
            size = path.stat().st_size
        return OutOfMemory(what="the weights", size=size)
    said = lines[0].rpartition("error loading model: ")[2] if lines else "it gave no reason"
    return WeightsUnreadable(path=str(path), reason=f"llama.cpp cannot load it: {said.strip()}")
