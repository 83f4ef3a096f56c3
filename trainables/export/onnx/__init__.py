"""Networks as ONNX graphs: one for each stage, or one with everything for batch 1; also in eight bits."""
