"""HINT as a rival."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cladmop.records import Trial
from cladmop.rivals.base import Encode, Labelled, fit_labels
from cladmop.rivals.hint.settings import HintSettings
from cladmop.rivals.stopped import StoppedRival

if TYPE_CHECKING:
    from cladmop.rivals.hint.training import Trained  # noqa: F401 (names what the base holds, in a string)


class Hint(StoppedRival["Trained"]):
    """Hierarchical interaction network (Fu et al., Patterns 2022; arXiv:2102.04252), in the manner of the paper.

    Embeddings of molecules, diseases and criteria are the inputs of a fixed graph, whose further nodes are made of each
    other: pairwise interactions, their interaction, disease risk, augmented interaction, ADMET, pharmacokinetics and
    prediction. Two graph convolutions with attentive edges run over it.

    Parameters
    ----------
    encode
        Turns trials into molecules, ICD-10 ancestors and states of their statements.
    valid
        Labelled trials that choose the epoch, never those that judge it.
    settings
        Sizes and optimiser.
    seed
        Decides starting weights, order of batches and dropout; equal seeds give equal scores.

    Raises
    ------
    InputError
        If ``valid`` is empty or of one class only.

    Notes
    -----
    What differs from the released code (github.com/futianfan/clinical-trial-outcome-prediction):

    - No pre-training: ADMET and disease-risk nodes have the place that the paper gives them, but learn from trial
      outcomes alone; the paper first teaches them pharmaco-kinetic properties and trial risk from outside data (the
      release passes on no more than the molecule encoder).
    - A learned vector stands for what a trial lacks; the paper imputes it from the other inputs.
    - Molecules are Morgan counts and descriptors, not a message-passing network over atoms; statements come from the
      caller's language model, not BioBERT.
    - GRAM's attention has its hidden layer. The release's is linear, so that the code cancels in the softmax.
    - Edges have weights of sum 1 a node, itself included, from one network for all edges. The release's (one network
      an edge) lie in [0.5, 1) and are summed, and its self-loops are multiplied by zero.
    - One output a phase group over a shared body; the release trains a network a phase.
    - Pairwise nodes and layer norms are added, highways carry their input as it is, and training stops by validation
      loss. The release picks an epoch as well, but its final scores are those of the last.
    """

    kind: ClassVar[str] = "hint"

    def __init__(self, encode: Encode, valid: Labelled, *, settings: HintSettings | None = None, seed: int = 0) -> None:
        super().__init__(encode, valid, seed)
        self.settings = settings or HintSettings()

    def fit(self, trials: Sequence[Trial], labels: ArrayLike) -> Self:
        """Train until validation stops improving (see `Rival`).

        Raises
        ------
        DivergedError
            Also if the loss is not finite.
        """
        truth = fit_labels(trials, labels)
        from cladmop.rivals.hint.training import train
        from cladmop.training.loop import reproducible
        from cladmop.training.settings import TrainSettings

        train_on, valid = (self.encode(trials), truth), (self.encode(self._valid), self._valid_labels)
        with reproducible(TrainSettings(seed=self.seed)):
            self._trained = train(train_on, valid, self.settings)
        return self

    def predict_proba(self, trials: Sequence[Trial]) -> NDArray[np.float64]:
        """Return the probability of success of each trial, shape (n,), by the chosen epoch (see `Rival`)."""
        trained, encoded = self._fitted, self.encode(trials)
        return self._probabilities(lambda: trained.logits(encoded))
