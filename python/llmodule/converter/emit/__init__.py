"""ExecuTorch's file format: programs, XNNPACK subgraphs, and the bytes of both."""
