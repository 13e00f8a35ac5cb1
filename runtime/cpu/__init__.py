"""The CPU target at run time: the modules that generated kernels and the step table stand on.

Nothing is imported here: `numba` (0.3 s) is loaded by the first program that runs compiled, not by `import shapewright`.
"""
