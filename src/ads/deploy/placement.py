"""Which GPU a replica gets. Pure but for :func:`found_devices`, which looks at this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["found_devices", "place"]

_NVIDIA = Path("/proc/driver/nvidia/gpus")


def place(taken: Iterable[str], devices: Sequence[str]) -> str | None:
    """Return the device with the fewest replicas on it, the first of equals; None where there is no device.

    ``taken`` holds the device of each replica that runs already.
    """
    counts = Counter(taken)
    return min(devices, key=lambda device: counts[device], default=None)


def found_devices(setting: str, variables: Mapping[str, str], folder: Path = _NVIDIA) -> tuple[str, ...]:
    """Return the GPUs that replicas may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    The setting ``gpus`` decides, then the service's own ``CUDA_VISIBLE_DEVICES``, then what the driver lists.
    """
    told = setting or variables.get("CUDA_VISIBLE_DEVICES", "")
    if told:
        return tuple(name for name in (part.strip() for part in told.split(",")) if name and name not in ("-1", "none"))
    return tuple(str(number) for number in range(len(list(folder.iterdir())))) if folder.is_dir() else ()
