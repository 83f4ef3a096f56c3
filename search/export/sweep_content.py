"""What of a finished sweep goes into a bundle."""

from __future__ import annotations


_TOLD = ("accuracy", "macro_f1", "ece", "mean_depth", "mean_cost", "p90_cost", "worst_cost", "exit_mix", "n_samples")
_PACKAGES = ("numpy", "torch", "torchvision", "torchaudio", "onnx", "onnxruntime", "safetensors")
