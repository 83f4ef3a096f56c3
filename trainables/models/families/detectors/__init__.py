"""Detectors: SSD on backbones named by their blocks, and SSDLite."""
