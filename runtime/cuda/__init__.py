"""The CUDA target at run time: what generated kernels import, their loader, and the devices they run on.

Nothing is imported here: `numba.cuda` (one second) is loaded when a kernel is compiled, not when it comes from the cache.
"""
