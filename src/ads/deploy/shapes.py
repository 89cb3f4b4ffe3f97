"""The shapes that clients know by name. Any other name is accepted, too: what counts here is OCPUs and memory."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SHAPES", "Shape"]


@dataclass(frozen=True)
class Shape:
    """A size of machine: cores and memory at most, for those that are flexible."""

    name: str
    cores: int
    memory_gb: int
    series: str


SHAPES: tuple[Shape, ...] = (
    Shape("VM.Standard.E3.Flex", 64, 1024, "AMD_ROME"),
    Shape("VM.Standard.E4.Flex", 64, 1024, "AMD_ROME"),
    Shape("VM.Standard.E5.Flex", 94, 1049, "GENERIC"),
    Shape("VM.Standard3.Flex", 32, 512, "GENERIC"),
    Shape("VM.Optimized3.Flex", 18, 256, "GENERIC"),
    Shape("VM.Standard.A1.Flex", 80, 512, "ARM"),
    Shape("VM.Standard2.1", 1, 15, "INTEL_SKYLAKE"),
    Shape("VM.Standard2.2", 2, 30, "INTEL_SKYLAKE"),
    Shape("VM.Standard2.4", 4, 60, "INTEL_SKYLAKE"),
    Shape("VM.Standard2.8", 8, 120, "INTEL_SKYLAKE"),
    Shape("VM.Standard2.16", 16, 240, "INTEL_SKYLAKE"),
    Shape("VM.Standard2.24", 24, 320, "INTEL_SKYLAKE"),
    Shape("VM.GPU2.1", 12, 72, "NVIDIA_GPU"),
    Shape("VM.GPU3.1", 6, 90, "NVIDIA_GPU"),
    Shape("VM.GPU3.2", 12, 180, "NVIDIA_GPU"),
    Shape("VM.GPU3.4", 24, 360, "NVIDIA_GPU"),
    Shape("VM.GPU.A10.1", 15, 240, "NVIDIA_GPU"),
    Shape("VM.GPU.A10.2", 30, 480, "NVIDIA_GPU"),
)
