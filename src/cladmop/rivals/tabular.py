"""TabPFN: a network that learned to fit tables, given the training trials as its context.

Shapes: n trials, D columns (see `TrialFeatures`), at most 100 after reduction.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError, MissingArtefactError, MissingDependencyError
from cladmop.rivals.base import Encode
from cladmop.rivals.classical import Labels, Score, Table, TabularRival, standardiser

WEIGHTS = "tabpfn-v3.5-20260909.safetensors"
"""File name of the weights, as the package keeps them once the user has fetched them."""


class TabPfn(TabularRival):
    """TabPFN (Hollmann et al., Nature 2025, doi:10.1038/s41586-024-08328-6) in its version 3.5, on the CPU.

    Columns are standardised and clipped, gaps filled with the training mean, and the whole reduced to its first 100
    principal components (fewer where there are fewer trials or columns). Of more than 5,000 training trials, the most
    that the package takes on a CPU, as many are drawn by the seed.

    Parameters
    ----------
    encode, seed
        As in `TabularRival`; the seed also decides the orders in which TabPFN is shown columns and classes.
    weights : Path or None
        Weights in safetensors; none for `WEIGHTS` in the package's own folder of weights (``TABPFN_MODEL_CACHE_DIR``
        where that is set). Nothing is downloaded: the weights have terms of their own, which the user has to accept.

    Raises
    ------
    MissingDependencyError
        When it is made, if ``tabpfn`` is not installed.
    MissingArtefactError
        When it is made, if the weights are not on disk.
    InputError
        When it is made, if the weights are no safetensors file: older versions are pickles, which are not read here.
    """

    kind: ClassVar[str] = "tabpfn"
    columns: ClassVar[int] = 100
    """Most principal components."""
    context: ClassVar[int] = 5000
    """Most training trials."""

    def __init__(self, encode: Encode, seed: int = 0, weights: Path | None = None) -> None:
        super().__init__(encode, seed)
        self.weights = _checked_weights(_folder() / WEIGHTS if weights is None else weights)

    def _learn(self, table: Table, truth: Labels) -> Score:
        import torch
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline

        rows = self._drawn(truth)
        shown = table[rows]
        reducer = make_pipeline(
            *standardiser(), PCA(min(self.columns, *shown.shape), svd_solver="full", random_state=self.seed)
        )
        classifier = _tabpfn().TabPFNClassifier(
            model_path=str(self.weights),
            device="cpu",
            inference_precision=torch.float32,
            random_state=self.seed,
            ignore_pretraining_limits=True,  # the package's limits on a CPU are kept by `columns` and `context`
        )
        classifier.fit(reducer.fit_transform(shown), truth[rows])
        return lambda new: classifier.predict_proba(reducer.transform(new))[:, 1]

    def _drawn(self, truth: Labels) -> NDArray[np.intp]:
        """Return the rows that are shown, ascending, with the success rate of all."""
        if len(truth) <= self.context:
            return np.arange(len(truth))
        from sklearn.model_selection import train_test_split

        rows, _ = train_test_split(
            np.arange(len(truth)), train_size=self.context, stratify=truth, random_state=self.seed
        )
        return np.sort(rows)


def _tabpfn() -> Any:  # noqa: ANN401 (the package is optional)
    try:
        import tabpfn
        import tabpfn.model_loading
    except ImportError as error:
        raise MissingDependencyError(
            f"TabPFN needs a package that is not installed ({error.name}); install it with: "
            "pip install 'cladmop[tabpfn]'"
        ) from error
    return tabpfn


def _folder() -> Path:
    """Return the folder in which the package keeps its weights."""
    return Path(_tabpfn().model_loading.get_cache_dir())


def _checked_weights(path: Path) -> Path:
    _tabpfn()
    if path.suffix != ".safetensors":
        raise InputError(f"{path} is no .safetensors file, and pickled weights are not read; give those of TabPFN 3.5")
    if not path.is_file():
        raise MissingArtefactError(
            f"no weights of TabPFN {path}; accept their terms and fetch them as https://github.com/PriorLabs/TabPFN "
            f"says (fitting its TabPFNClassifier once does), or put {WEIGHTS} there"
        )
    return path
