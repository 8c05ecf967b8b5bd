"""A GPU that the installed llama.cpp cannot use is named, with the line that installs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.accelerators import Accelerator, accelerator_here

from .helpers import FakeEngine, check


def machine(root: Path, *files: str, version: str = "") -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(version)
    return root


@pytest.mark.parametrize(
    ("version", "wheels"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar 5 2024", "cu124"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.104.05  Release", "cu122"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01", "cu121"),
        ("", "cu121"),
    ],
)
def test_the_driver_decides_which_wheels(version: str, wheels: str, tmp_path: Path) -> None:
    files = ("dev/nvidiactl", "dev/nvidia0", "proc/driver/nvidia/version")
    found = accelerator_here(machine(tmp_path, *files, version=version), "linux")
    assert found is not None
    assert found.maker == "NVIDIA"
    assert found.install.startswith('CMAKE_ARGS="-DGGML_CUDA=on" pip install')
    assert found.install.endswith(f"/whl/{wheels}")


@pytest.mark.parametrize(
    ("files", "maker", "flag"),
    [
        (("dev/dxg", "usr/lib/wsl/lib/libcuda.so.1"), "NVIDIA", "GGML_CUDA"),
        (("dev/kfd",), "AMD", "GGML_HIP"),
    ],
)
def test_others_are_seen_by_their_drivers(
    files: tuple[str, ...], maker: str, flag: str, tmp_path: Path
) -> None:
    found = accelerator_here(machine(tmp_path, *files), "linux")
    assert found is not None
    assert found.maker == maker
    assert flag in found.install


@pytest.mark.parametrize(
    "files",
    [(), ("dev/nvidiactl",), ("dev/dxg",), ("usr/lib/x86_64-linux-gnu/libcuda.so.1",)],
)
def test_a_library_without_a_device_is_no_gpu(files: tuple[str, ...], tmp_path: Path) -> None:
    assert accelerator_here(machine(tmp_path, *files), "linux") is None


def test_apples_processors_have_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, there in (("arm64", True), ("x86_64", False)):
        monkeypatch.setattr("platform.machine", lambda name=name: name)
        assert (accelerator_here(tmp_path, "darwin") is not None) is there


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Accelerator:
    found = Accelerator("NVIDIA", "pip install it")
    monkeypatch.setattr("seaguard_cli.accelerators.accelerator_here", lambda: found)
    monkeypatch.setattr(
        "seaguard_cli.engine.library.llama",
        lambda: type("Library", (), {"llama_supports_gpu_offload": staticmethod(lambda: False)}),
    )
    return found


def test_check_names_it_once(idle: Accelerator, fake: type[FakeEngine]) -> None:
    told = check("one", "two").told
    assert [line for line in told if "GPU" in line or "pip" in line] == [
        "seaguard: an NVIDIA GPU is in this machine, and the installed llama.cpp cannot use it: "
        "run",
        "  pip install it",
    ]


def test_it_is_left_alone_where_the_cpu_was_asked_for(
    idle: Accelerator, fake: type[FakeEngine]
) -> None:
    assert "GPU" not in check("--device", "cpu", "one").err


def test_asking_for_a_gpu_fails_with_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from seaguard_cli.engine.library import llama

    monkeypatch.setattr(llama(), "llama_supports_gpu_offload", lambda: False)
    found = Accelerator("NVIDIA", "pip install it")
    monkeypatch.setattr("seaguard_cli.accelerators.accelerator_here", lambda: found)
    ran = check("-m", "tiny", "--device", "gpu", "one")
    assert ran.status == 5
    assert ran.told[0].startswith("seaguard: error: no usable GPU: an NVIDIA GPU is in this")
    assert ran.told[1] == "  pip install it"
