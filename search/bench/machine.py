"""What computes, by name: times are those of one machine."""

from __future__ import annotations

from pathlib import Path
import platform

from policies.names import clean_name


_CPU_INFO = Path("/proc/cpuinfo")


def processor_name(device: str) -> str:
    """Name of the processor, or of the GPU for ``cuda``."""
    if device == "cuda":
        # Here, since the import takes seconds; onnxruntime does not tell the name.
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "unknown GPU"
    return clean_name(_model_in_cpu_info() or platform.processor() or platform.machine())


def _model_in_cpu_info() -> str:
    """What Linux tells; :func:`platform.processor` is often empty there."""
    try:
        lines = _CPU_INFO.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
