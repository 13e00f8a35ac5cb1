"""Benchmarks: shapewright beside PyTorch and JAX, on the same data, in one interleaved run (see README.md)."""
