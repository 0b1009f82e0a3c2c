"""Structures: SMILES to parent fragment, InChIKey, Morgan counts and descriptors. RDKit is imported on first use."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from rdkit.Chem import Mol

MORGAN_RADIUS = 2
"""Bonds around each atom that a Morgan count sees (ECFP4, Rogers and Hahn 2010, doi:10.1021/ci100050t)."""
MORGAN_BITS = 1024
"""Length of the folded Morgan count vector."""
MAX_SMILES = 10_000
"""Longest SMILES that is read, in characters."""


@dataclass(frozen=True)
class Structure:
    """The parent fragment of a molecule, without counterions, solvent and charge."""

    smiles: str
    """Canonical isomeric SMILES (RDKit)."""
    inchikey: str
    """Standard InChIKey; its first 14 letters are the connectivity, the same for all stereoisomers."""
    mass: float
    """Average molecular mass in Da."""
    mixture: bool
    """Whether the input held a second substance of six heavy atoms or more beside the parent and counterions."""


@cache
def _chem() -> Any:  # noqa: ANN401 (the rdkit.Chem module, imported late)
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise MissingDependencyError("structures need RDKit; install it with: pip install 'cladmop[nn]'") from error
    rdBase.DisableLog("rdApp.*")  # refusals are raised as InputError instead of being written to stderr
    return Chem


def _parse(smiles: str, where: str) -> "Mol":
    text = smiles.strip()
    if not text or len(text) > MAX_SMILES or any(character.isspace() for character in text):
        shown = text if len(text) <= 60 else text[:60] + "..."
        raise InputError(f"{where}: {shown!r} is not a SMILES; give one molecule without spaces, e.g. 'CC(=O)O'")
    mol: Mol | None = _chem().MolFromSmiles(text)
    if mol is None or mol.GetNumAtoms() == 0:
        shown = text if len(text) <= 60 else text[:60] + "..."
        raise InputError(f"{where}: {shown!r} is not a valid SMILES (RDKit refuses it); correct it or leave it out")
    return mol


@lru_cache(maxsize=32_768)
def standardise(smiles: str, where: str = "structure") -> Structure:
    """Return the parent of a SMILES: counterions and solvent removed, the largest rest kept and neutralised.

    A complex of a transition metal (cisplatin, gadobutrol) and a wholly inorganic substance (arsenic trioxide) are
    kept whole, because there the fragments are the drug.

    Parameters
    ----------
    smiles
        One molecule, its fragments divided by dots.
    where
        What the structure belongs to; put into the message of an error.

    Raises
    ------
    InputError
        If RDKit cannot read the SMILES.
    MissingDependencyError
        If RDKit is not installed.
    """
    chem = _chem()
    mol = _parse(smiles, where)
    fragments = _fragments(mol)
    parent = _neutral(max(fragments, key=_size)) if fragments else mol
    # The round trip through SMILES sanitises what neutralising has changed.
    clean = _parse(chem.MolToSmiles(parent), where)
    key = chem.MolToInchiKey(clean)
    if not key:
        raise InputError(f"{where}: {smiles[:60]!r} has no InChIKey; leave the structure out")
    sizeable = {_flat(part) for part in fragments if part.GetNumHeavyAtoms() >= 6}
    return Structure(chem.MolToSmiles(clean), key, _mass(clean), len(sizeable) > 1)


def _mass(mol: "Mol") -> float:
    from rdkit.Chem import Descriptors

    return float(getattr(Descriptors, "MolWt")(mol))  # noqa: B009 (defined at run time, unknown to type checkers)


def _size(mol: "Mol") -> tuple[int, str]:
    return (mol.GetNumHeavyAtoms(), _chem().MolToSmiles(mol))


def _flat(mol: "Mol") -> str:
    """Return the SMILES without charge and stereochemistry."""
    return str(_chem().MolToSmiles(_neutral(mol), isomericSmiles=False))


def _neutral(mol: "Mol") -> "Mol":
    from rdkit.Chem.MolStandardize import rdMolStandardize

    return rdMolStandardize.Uncharger(canonicalOrder=True).uncharge(mol)


def _fragments(mol: "Mol") -> list["Mol"]:
    """Return the fragments that may be the drug: organic and no counterion; none where the whole is the drug."""
    if _is_complex(mol):
        return []
    parts = _chem().GetMolFrags(mol, asMols=True)
    organic = [part for part in parts if any(atom.GetAtomicNum() == 6 for atom in part.GetAtoms())]
    known = _counterions() if len(organic) > 1 else frozenset()
    return [part for part in organic if _flat(part) not in known] or organic


def _is_complex(mol: "Mol") -> bool:
    return any(atom.GetAtomicNum() in _COMPLEX_METALS for atom in mol.GetAtoms())


# Transition metals and lanthanides whose ligands are part of the drug; iron, zinc and copper are often counterions.
_COMPLEX_METALS = frozenset({22, 23, 24, 25, 27, 28, *range(39, 47), *range(57, 81)}) - {80}

_COUNTERION_SMILES = (
    "CS(=O)(=O)O", "CCS(=O)(=O)O", "OS(=O)(=O)CCS(=O)(=O)O", "OCCS(=O)(=O)O", "Cc1ccc(cc1)S(=O)(=O)O",
    "OS(=O)(=O)c1ccccc1", "OS(=O)(=O)c1cccc2ccccc12", "OS(=O)(=O)c1ccc2ccccc2c1", "OC(=O)C=CC(=O)O", "OC(=O)CCC(=O)O",
    "OC(=O)CC(O)C(=O)O", "OC(=O)C(O)C(O)C(=O)O", "OC(=O)CC(O)(CC(=O)O)C(=O)O", "OC(=O)C(=O)O", "CC(=O)O", "OC=O",
    "CC(O)C(=O)O", "OC(=O)C(F)(F)F", "OCC(O)C(O)C(O)C(O)C(=O)O", "OC(=O)c1ccccc1", "CNCC(O)C(O)C(O)C(O)CO",
    "NC(CO)(CO)CO", "OC(=O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O", "OC(=O)c1ccc2ccccc2c1O", "CC(C)(C)N",
    "NCCO", "OCCNCCO", "OCCN(CCO)CCO", "C[N+](C)(C)CCO", "NCCCCC(N)C(=O)O", "NC(CCCNC(=N)N)C(=O)O", "CCO", "CO",
    "CC(C)O", "CC(C)=O", "CC#N", "CCCO", "CC(O)CO", "CCOC(C)=O", "CS(C)=O", "C1CCC(CC1)NC1CCCCC1", "CCN(CC)CC",
    "NCCNCc1ccccc1", "c1ccc(CNCCNCc2ccccc2)cc1", "O=C1NS(=O)(=O)c2ccccc12", "OC(=O)CCCCC(=O)O", "OC(=O)CC(=O)O",
    "CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2", "OC(=O)CNC(=O)c1ccccc1", "O=C=O", "OC(=O)O", "C1CNCCN1",
    "OC(=O)C(O)c1ccccc1", "OC(=O)c1ccccc1O", "CN(C)C=O", "ClC(Cl)Cl", "C", "CC", "NCC(=O)O", "NCCN",
    "CCCCCCCCCCCCOS(=O)(=O)O", "OS(=O)(=O)c1cccc2c1cccc2S(=O)(=O)O",
)  # fmt: skip


def is_counterion(smiles: str) -> bool:
    """Tell whether a structure, as `standardise` gives it, is one that drugs' salts and solvates hold beside the drug.

    Raises
    ------
    InputError
        If RDKit cannot read the SMILES.
    """
    return _flat(_parse(smiles, "structure")) in _counterions()


@cache
def _counterions() -> frozenset[str]:
    chem = _chem()
    return frozenset(_flat(chem.MolFromSmiles(smiles)) for smiles in _COUNTERION_SMILES)


@dataclass(frozen=True)
class Descriptor:
    """One physico-chemical number, divided by a constant that makes it of order one for drugs."""

    name: str
    """Name of the RDKit function in ``rdkit.Chem.Descriptors``."""
    scale: float
    """Constant divisor, from the literature or a round number; never fitted to data."""


DESCRIPTORS = (
    Descriptor("MolWt", 500.0),  # Lipinski 1997: mass <= 500, logP <= 5, donors <= 5, acceptors <= 10
    Descriptor("MolLogP", 5.0),
    Descriptor("NumHDonors", 5.0),
    Descriptor("NumHAcceptors", 10.0),
    Descriptor("TPSA", 140.0),  # Veber 2002: polar surface <= 140 square Angstrom, rotatable bonds <= 10
    Descriptor("NumRotatableBonds", 10.0),
    Descriptor("MolMR", 130.0),  # Ghose 1999: molar refractivity <= 130, atoms <= 70
    Descriptor("HeavyAtomCount", 70.0),
    Descriptor("FractionCSP3", 1.0),
    Descriptor("qed", 1.0),  # Bickerton 2012, in 0..1
    Descriptor("RingCount", 5.0),
    Descriptor("NumAromaticRings", 5.0),
    Descriptor("NumAliphaticRings", 5.0),
    Descriptor("NumSaturatedRings", 5.0),
    Descriptor("NumAromaticHeterocycles", 5.0),
    Descriptor("NumAliphaticHeterocycles", 5.0),
    Descriptor("NumHeteroatoms", 10.0),
    Descriptor("NHOHCount", 5.0),
    Descriptor("NOCount", 10.0),
    Descriptor("NumAmideBonds", 5.0),
    Descriptor("NumBridgeheadAtoms", 5.0),
    Descriptor("NumSpiroAtoms", 5.0),
    Descriptor("LabuteASA", 200.0),
    Descriptor("NumValenceElectrons", 200.0),
    Descriptor("fr_halogen", 5.0),
    Descriptor("fr_COO", 5.0),
)
"""Descriptors in column order. Each is finite for every molecule RDKit can read."""

_LIMIT = 8.0  # beyond it lie polymers and dendrimers, where only "very large" matters


@cache
def _morgan() -> Any:  # noqa: ANN401 (rdkit's generator class has no stubs)
    _chem()
    from rdkit.Chem import rdFingerprintGenerator

    return rdFingerprintGenerator.GetMorganGenerator(radius=MORGAN_RADIUS, fpSize=MORGAN_BITS)


def morgan_counts(smiles: str, where: str = "structure") -> NDArray[np.uint32]:
    """Return the folded Morgan counts of a SMILES, of shape ``(MORGAN_BITS,)``, each 0 or more.

    Raises
    ------
    InputError
        If RDKit cannot read the SMILES.
    """
    counts: NDArray[np.uint32] = _morgan().GetCountFingerprintAsNumPy(_parse(smiles, where))
    return counts


def descriptors(smiles: str, where: str = "structure") -> NDArray[np.float32]:
    """Return the scaled descriptors of a SMILES, of shape ``(len(DESCRIPTORS),)``, finite, in [-8, 8].

    Raises
    ------
    InputError
        If RDKit cannot read the SMILES.
    """
    from rdkit.Chem import Descriptors, rdMolDescriptors

    mol = _parse(smiles, where)
    values = [
        getattr(Descriptors, item.name, None) or getattr(rdMolDescriptors, f"Calc{item.name}") for item in DESCRIPTORS
    ]
    scaled = np.array([value(mol) / item.scale for value, item in zip(values, DESCRIPTORS, strict=True)])
    finite = np.nan_to_num(scaled, posinf=_LIMIT, neginf=-_LIMIT)
    clipped: NDArray[np.float32] = np.clip(finite, -_LIMIT, _LIMIT).astype(np.float32)
    return clipped
