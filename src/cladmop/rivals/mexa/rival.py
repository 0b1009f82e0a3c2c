"""MEXA-CTP as a rival, in two variants."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.records import Trial
from cladmop.rivals.base import Encode, Labelled, fit_labels
from cladmop.rivals.mexa.settings import MexaSettings
from cladmop.rivals.stopped import StoppedRival

if TYPE_CHECKING:
    from cladmop.rivals.mexa.inputs import Tokens
    from cladmop.rivals.mexa.training import Trained  # noqa: F401 (names what the base holds, in a string)


class MexaRival(StoppedRival["Trained"]):
    """Mode experts and cross-attention (Zhang, Liu and Murai, SDM 2025; arXiv:2501.06823), base of both variants.

    Drugs, diseases and criteria are three modes of a few tokens of width 8. For each ordered pair of modes a router
    weighs the tokens of the first, which then attend to the second; what the six experts give attends to each other,
    is summed, and a residual head predicts. Architecture, sizes, weight decay and epochs are those of the released code
    (github.com/murai-lab/MEXA-CTP); inputs are this package's.

    Parameters
    ----------
    encode
        Turns trials into molecules, ICD-10 ancestors and states of their statements (one vector an item).
    valid
        Labelled trials that choose the epoch, never those that judge it.
    settings
        Sizes, losses and optimiser; by default those of the variant.
    seed
        Decides starting weights, order of batches and dropout; equal seeds give equal scores.

    Raises
    ------
    InputError
        If ``valid`` is empty or of one class only.
    """

    repaired: ClassVar[bool]
    """Whether the release's defects are repaired."""
    default: ClassVar[MexaSettings]
    """Settings where none are given."""

    def __init__(self, encode: Encode, valid: Labelled, *, settings: MexaSettings | None = None, seed: int = 0) -> None:
        super().__init__(encode, valid, seed)
        self.settings = settings or self.default

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Train all epochs and choose one on the validation trials (see `Rival`).

        Raises
        ------
        DivergedError
            Also if the loss is not finite.
        """
        truth = fit_labels(trials, labels)
        from cladmop.rivals.mexa.training import train
        from cladmop.training.loop import reproducible
        from cladmop.training.settings import TrainSettings

        train_on, valid = (self._tokens(trials), truth), (self._tokens(self._valid), self._valid_labels)
        with reproducible(TrainSettings(seed=self.seed)):
            self._trained = train(train_on, valid, self.settings, repaired=self.repaired)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,), by the chosen epoch (see `Rival`)."""
        return self._scores(trials, [self._fitted.best]).reshape(-1)

    def epoch_scores(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial after each epoch, shape (epochs, n).

        For showing what choosing the epoch on the judging trials would print, as the release does; no score of the
        rival comes from it.

        Raises
        ------
        CladmopError
            If the rival is not fitted.
        """
        return self._scores(trials, range(len(self._fitted.epochs)))

    def _scores(self, trials: Sequence[Trial], epochs: Iterable[int]) -> NDArray[np.float64]:
        trained, tokens = self._fitted, self._tokens(trials)
        return self._probabilities(lambda: trained.logits(tokens, epochs))

    def _tokens(self, trials: Sequence[Trial]) -> list["Tokens"]:
        from cladmop.rivals.mexa.inputs import read_tokens

        return [read_tokens(one, self.settings) for one in self.encode(trials)]


class MexaReleased(MexaRival):
    """MEXA-CTP as its released code runs: attention of the modes, cross-attention and routers are never trained.

    The release holds those modules in plain dicts, which the optimiser does not see; here they are frozen as drawn.
    Projections, the joint self-attention and the head train. All tokens of a mode may be masked, and a part without
    tokens is one token of zeros. Kept apart from the release: the epoch is chosen on validation trials, and dropout
    is off when scoring (there it stays on in the modules that the dicts hide).
    """

    kind: ClassVar[str] = "mexa-released"
    repaired: ClassVar[bool] = False
    default: ClassVar[MexaSettings] = MexaSettings()


class MexaRepaired(MexaRival):
    """MEXA-CTP with everything trained, at least one token of each expert kept and a learned token for empty modes.

    The losses are repaired as well: padding does not count in the router loss, and the contrast is one (see
    `cladmop.rivals.mexa.losses`). The step size is ours: at the release's 0.05, found for a network whose attention
    stands still, the whole network does not fit even the trials it is trained on.
    """

    kind: ClassVar[str] = "mexa-repaired"
    repaired: ClassVar[bool] = True
    default: ClassVar[MexaSettings] = MexaSettings(learning_rate=3e-3)
