"""What computes the encoder: PyTorch, ONNX Runtime or OpenVINO; one file loads each."""
