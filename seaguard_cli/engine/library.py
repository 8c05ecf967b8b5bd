"""llama.cpp's library: loaded once, its log caught instead of printed."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from types import ModuleType
from typing import Any

# ggml.h, enum ggml_log_level: 2 is information, 3 a warning, 4 an error.
_LOG_WARNING = 3
_LOG_CONTINUES = 5
_KEPT_LINES = 12
# For OpenMP. From 1,000 spins on more gain nothing on two idle cores; 10,000 lose on busy ones.
SPARING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "2000"}

_kept: deque[str] = deque(maxlen=_KEPT_LINES)
_device_lines: list[str] = []
_loaded: list[Any] = []


def llama() -> ModuleType:
    """Give llama.cpp's C API, its backend initialised and its log going to `last_log_lines`."""
    _spare_processors()
    llama_cpp = _bindings("llama_cpp")
    if not _loaded:
        # llama.cpp holds the bare pointer: once collected, the next log line would crash.
        _loaded.append(llama_cpp.llama_log_callback(_keep))
        _catch_log(llama_cpp)
        llama_cpp.llama_backend_init()
    return llama_cpp


@contextmanager
def importing_meanwhile(*names: str) -> Iterator[None]:
    """Import modules in a thread while llama.cpp loads weights, which takes one processor alone."""
    thread = threading.Thread(target=_import_all, args=(names,), name="imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import_all(names: Iterable[str]) -> None:
    # What is missing is told where it is used.
    with suppress(ImportError):
        for name in names:
            importlib.import_module(name)


def _spare_processors() -> None:
    """Have OpenMP's threads spin for some microseconds and then sleep; read when it is loaded.

    Between the nodes of a graph they spin for long by default. Where anything else runs, each then
    waits for one that has no processor: 17 times slower was measured on two busy cores. Not to spin
    at all, which the policy alone would mean, costs a tenth on idle ones, and so much is enough
    there (variables: https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html).
    """
    if SPARING.keys().isdisjoint(os.environ):
        os.environ.update(SPARING)


def _catch_log(llama_cpp: ModuleType) -> None:
    llama_cpp.llama_log_set(_loaded[0], None)


def _bindings(module: str) -> ModuleType:
    """Import a module of `llama_cpp` without what the package around it imports.

    That is numpy, Jinja and the high-level classes, five times what the C API takes; and its own
    log, which would come in place of ours.
    """
    name = "llama_cpp"
    if known := sys.modules.get(f"{name}.{module}"):
        return known
    if name in sys.modules:
        return importlib.import_module(f"{name}.{module}")
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(name)
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    try:
        return importlib.import_module(f"{name}.{module}")
    finally:
        # Whoever imports the package later gets all of it.
        del sys.modules[name]


def ggml() -> ctypes.CDLL:
    """Give ggml itself; llama_cpp, which is pinned exactly, loads it and does not wrap these."""
    llama()
    lib: ctypes.CDLL = _bindings("_ggml").libggml
    lib.ggml_commit.restype = ctypes.c_char_p
    lib.ggml_backend_dev_count.restype = ctypes.c_size_t
    lib.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    lib.ggml_backend_dev_get.restype = ctypes.c_void_p
    for name in ("type", "memory", "description"):
        getattr(lib, f"ggml_backend_dev_{name}").argtypes = [ctypes.c_void_p]
    size = ctypes.POINTER(ctypes.c_size_t)
    lib.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size, size]
    lib.ggml_backend_dev_memory.restype = None
    lib.ggml_backend_dev_description.restype = ctypes.c_char_p
    return lib


def is_not_empty() -> object:
    """Give a callback of llama.cpp's that is true once the C string at its data has one byte.

    It is called after every node of a graph. A Python function would wait each time until no
    other thread needs the interpreter, which halves the speed beside a busy one; this is strlen,
    whose 0 and 1 are C's false and true.
    """
    libc = ctypes.CDLL("msvcrt" if os.name == "nt" else None)
    return ctypes.cast(libc.strlen, llama().ggml_abort_callback)


def library_version() -> tuple[str, str]:
    """Give which llama.cpp it is: the version of llama-cpp-python, and ggml's commit."""
    return version("llama-cpp-python"), ggml().ggml_commit().decode("utf-8", "replace")


def last_log_lines() -> list[str]:
    """Give the last warnings and errors that llama.cpp logged, oldest first."""
    return [line for line in "".join(_kept).splitlines() if line.strip()]


def forget_log() -> None:
    """Drop what was logged so far, so that a later failure shows only its own lines."""
    _kept.clear()
    if _loaded:
        # Whoever imports the package of llama_cpp has it print the log.
        _catch_log(_bindings("llama_cpp"))


def device_lines() -> list[str]:
    """Give the lines in which llama.cpp said what it loads to, of all models of this process."""
    return list(_device_lines)


def _keep(level: int, text: bytes, _data: object) -> None:
    line = text.decode("utf-8", "replace")
    if "using device " in line:
        _device_lines.append(line)
    if level >= _LOG_WARNING and (level != _LOG_CONTINUES or _kept):
        _kept.append(line)
