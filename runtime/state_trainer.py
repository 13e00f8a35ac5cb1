"""`StateTrainer`: a loss that also hands back a new state, such as batch-norm statistics, metrics or a carried hidden state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, TypeVarTuple, cast, final

from .optim import Optimizer
from .options import Options
from .trainer import BaseTrainer

if TYPE_CHECKING:
    from ..dsl.pack import Pack
    from ..dsl.tensor import Scalar

G = TypeVar("G", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
St = TypeVar("St", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
Xs = TypeVarTuple("Xs")


@final
class StateTrainer(BaseTrainer[G, *Xs], Generic[G, St, *Xs]):
    """Trains the parameters `init` of `loss(params, state, *inputs) -> (Scalar, new state)`.

    A step writes the new state; forward and backward read it and leave it alone. No gradient flows into the state,
    and its structure, shapes and element types stay as they are.
    """

    def __init__(
        self,
        init: G,
        state: St,
        loss: Callable[[G, St, *Xs], tuple[Scalar, St]],
        options: Options | None = None,
        *,
        optimizer: Optimizer | None = None,
        requires_grad: Sequence[bool] | Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(init, state, loss, options, optimizer, requires_grad)

    @property
    def state(self) -> St:
        """The state after the last step, as a pack of copies."""
        cells = self._train.state
        assert cells is not None  # the constructor makes them
        return cast("St", cells.values())
