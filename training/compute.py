"""The device a run computes on and the precision it computes in."""

import random
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from training.runtime import PermanentFailure

Indices = npt.NDArray[np.int64]
# By CUDA, its libraries, and the processor's allocator on Linux and elsewhere.
_OUT_OF_MEMORY = (
    *("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED"),
    *("can't allocate memory", "not enough memory"),
)


class MemoryTooSmall(PermanentFailure):
    """A training does not fit into the device's memory, not even with one row at a time."""


class DeviceMissing(PermanentFailure):
    """The spec names a device that this machine does not have."""


@dataclass(frozen=True, kw_only=True)
class Compute:
    """A device, and whether matrix products on it run in bf16; weights and losses stay fp32 either way."""

    device: torch.device
    bf16: bool

    def autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    @property
    def tokens_per_scoring_batch(self) -> int:
        """How much is scored at once: what a core's cache holds on a CPU, what keeps an accelerator busy elsewhere."""
        return 1024 if self.device.type == "cpu" else 4096

    def free_memory(self) -> None:
        """Release the device's cached memory after it ran out."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether torch failed for lack of memory; beyond its own class only the message tells."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def halve_batch(indices: Indices, *, error: RuntimeError, compute: Compute) -> list[Indices]:
    """Cut a batch (B,) that ran out of memory in two. Raises: MemoryTooSmall (it is one row), or the other error."""
    if not is_out_of_memory(error):
        raise error
    if len(indices) == 1:
        raise MemoryTooSmall(
            f"One row at a time does not fit into the memory of {compute.device}. "
            "Lower training.max_length, or take a smaller model."
        ) from error
    compute.free_memory()
    return np.array_split(indices, 2)


def prepare_compute(*, device: str, precision: str, num_threads: int, seed: int) -> Compute:
    """Set threads and seeds and pick device and precision (auto, fp32 or bf16). Raises: DeviceMissing."""
    torch.set_num_threads(num_threads)
    seed_everything(seed)
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError) as error:
        raise DeviceMissing(f"spec.json, device: {device!r} is not here ({error}). Give cpu, or cuda.") from error
    return Compute(device=found, bf16=precision == "bf16" or (precision == "auto" and has_fast_bf16(found)))


def seed_everything(seed: int) -> None:
    """Set every random generator that a training draws from."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def has_fast_bf16(device: torch.device) -> bool:
    """Say whether a device multiplies bf16 matrices in hardware; elsewhere bf16 is emulated and slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
