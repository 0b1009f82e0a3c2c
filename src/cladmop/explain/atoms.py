"""What each atom of a drug is worth: the change when everything that the fingerprint counts around it is left out.

Only the networks read structures, and of a structure the Morgan counts can be put down to atoms. The descriptors (mass,
logP and the like) belong to the molecule as a whole and stay.

Shapes: A atoms, E atom environments, F molecule features, V variants, M molecules of a trial.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cladmop.drugs.molecules import MORGAN_BITS, MORGAN_RADIUS
from cladmop.explain.drawing import MAX_ATOMS
from cladmop.records import Trial

if TYPE_CHECKING:
    from cladmop.encoders.base import EncodedTrial
    from cladmop.estimator import TrialOutcomeClassifier

_ITEMS_AT_ONCE = 16_384


@dataclass(frozen=True)
class _Variants:
    """The features of one molecule without each of its atoms, equal ones once."""

    row: int
    """Of the molecule among those of the trial."""
    features: NDArray[np.float32]
    """Shape (V, F)."""
    of_atom: NDArray[np.intp]
    """Which variant lacks an atom, shape (A,)."""


def atom_contributions(model: "TrialOutcomeClassifier", trial: Trial) -> dict[str, NDArray[np.float64]]:
    """Return the contribution of each atom of each structure of a trial to the calibrated log-odds, shape (A,) each.

    Keys are the SMILES that the trial's drugs resolve to. Structures of over 200 heavy atoms are left out, and all of
    them where no network takes part in the blend.

    Raises
    ------
    InputError
        If a drug states a structure that is no SMILES.
    """
    if not model.networks_:
        return {}
    encoder = model.trial_encoder()
    drugs = encoder.resolver.structures(trial, encoder.structures)
    smiles = [drug.smiles for drug in drugs if drug.smiles is not None]
    if not smiles:
        return {}
    (encoded,) = encoder.encode([trial])
    variants = [_without_atoms(one, row, encoded.molecules[row]) for row, one in enumerate(smiles)]
    known = [one for one in variants if one is not None]
    changed = [replace(encoded, molecules=_swapped(encoded, one.row, row)) for one in known for row in one.features]
    scores = _log_odds(model, trial, [encoded, *changed])
    ends = np.cumsum([len(one.features) for one in known])
    parts = zip(known, np.split(scores[1:], ends[:-1]), strict=True)
    return {smiles[one.row]: (scores[0] - part)[one.of_atom] for one, part in parts}


def features_without_atoms(smiles: str, features: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return a molecule's features without each atom in turn, shape (A, F).

    An environment (a centre and all atoms within its radius in bonds) is left out whole where it holds the atom.

    Parameters
    ----------
    smiles
        The molecule, as `MorganFeaturizer` was given it.
    features
        Its features, shape (F,): ``log(1 + count)`` of each Morgan bit first.

    Returns
    -------
    ndarray or None
        None for a structure of over 200 heavy atoms.
    """
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator

    mol = Chem.MolFromSmiles(smiles)
    if mol.GetNumAtoms() > MAX_ATOMS:
        return None
    found = rdFingerprintGenerator.AdditionalOutput()
    found.CollectBitInfoMap()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=MORGAN_RADIUS, fpSize=MORGAN_BITS)
    counts = generator.GetCountFingerprintAsNumPy(mol, additionalOutput=found).astype(np.float64)
    entries = [(bit, *place) for bit, places in found.GetBitInfoMap().items() for place in places]
    bits_E, centres_E, radii_E = np.array(entries, dtype=np.intp).T
    holds_AE = Chem.GetDistanceMatrix(mol)[:, centres_E] <= radii_E
    left_AF = np.repeat(counts[None], mol.GetNumAtoms(), axis=0)
    atoms, environments = np.nonzero(holds_AE)
    np.subtract.at(left_AF, (atoms, bits_E[environments]), 1)
    without = np.repeat(features[None], mol.GetNumAtoms(), axis=0)
    without[:, :MORGAN_BITS] = np.log1p(left_AF)
    return without


def _without_atoms(smiles: str, row: int, features: NDArray[np.float32]) -> _Variants | None:
    without = features_without_atoms(smiles, features)
    if without is None:
        return None
    # Atoms alike by symmetry leave the same counts behind: half of the work on many drugs.
    unique, of_atom = np.unique(without, axis=0, return_inverse=True)
    return _Variants(row, unique, of_atom.ravel())


def _swapped(encoded: "EncodedTrial", row: int, features: NDArray[np.float32]) -> NDArray[np.float32]:
    molecules = encoded.molecules.copy()
    molecules[row] = features
    return molecules


def _log_odds(model: "TrialOutcomeClassifier", trial: Trial, encoded: "list[EncodedTrial]") -> NDArray[np.float64]:
    """Return the blend's log-odds where the networks alone see a trial differently, shape (V,)."""
    from cladmop.estimator.blend import log_odds
    from cladmop.estimator.parts import NETWORK
    from cladmop.pipeline import mean_probability

    size = max(1, _ITEMS_AT_ONCE // max(1, len(encoded[0].side)))
    chunks = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    network = np.concatenate([mean_probability(model.networks_, chunk) for chunk in chunks])
    parts = {name: np.full(len(encoded), one[0]) for name, one in model.part_probabilities([trial]).items()}
    return log_odds(model.blend_({**parts, NETWORK: network}))
