"""Axes that Pyrefly computes with: `D[N]` is the number `N`, and sums and products are numbers too."""

from shape_extensions import Int
from shape_extensions import IntVar as IntVar

type D[N: IntVar] = Int[N]
type Add[N: IntVar, M: IntVar] = Int[N + M]
type Mul[N: IntVar, M: IntVar] = Int[N * M]
