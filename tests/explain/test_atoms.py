import numpy as np
import pytest
from rdkit import Chem

from cladmop import Drug, Trial
from cladmop.drugs.molecules import MORGAN_BITS, morgan_counts
from cladmop.encoders.molecule import MorganFeaturizer
from cladmop.estimator.blend import log_odds
from cladmop.explain.atoms import atom_contributions, features_without_atoms

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def features(smiles):
    return MorganFeaturizer().encode([smiles])[0]


def counts_without(smiles, atom):
    """Count environments one by one, from RDKit's bonds, without those that hold the atom."""
    from rdkit.Chem import rdFingerprintGenerator

    mol = Chem.MolFromSmiles(smiles)
    found = rdFingerprintGenerator.AdditionalOutput()
    found.CollectBitInfoMap()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=MORGAN_BITS)
    generator.GetCountFingerprint(mol, additionalOutput=found)
    counts = np.zeros(MORGAN_BITS)
    for bit, places in found.GetBitInfoMap().items():
        for centre, radius in places:
            bonds = Chem.FindAtomEnvironmentOfRadiusN(mol, radius, centre, enforceSize=False) if radius else []
            atoms = {centre}
            for bond in map(mol.GetBondWithIdx, bonds):
                atoms |= {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
            counts[bit] += atom not in atoms
    return counts


@pytest.mark.parametrize("smiles", [ASPIRIN, "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C[C@H](N)C(=O)O.Cl"])
def test_every_environment_that_holds_the_atom_is_left_out(smiles):
    whole = features(smiles)
    without = features_without_atoms(smiles, whole)
    assert without.shape == (Chem.MolFromSmiles(smiles).GetNumAtoms(), len(whole))
    assert np.array_equal(
        without[:, MORGAN_BITS:], np.broadcast_to(whole[MORGAN_BITS:], without[:, MORGAN_BITS:].shape)
    )
    for atom, row in enumerate(without):
        assert np.expm1(row[:MORGAN_BITS]) == pytest.approx(counts_without(smiles, atom), abs=1e-4)
        assert np.expm1(row[:MORGAN_BITS]).sum() < morgan_counts(smiles).sum()


def test_a_single_atom_leaves_nothing_behind():
    without = features_without_atoms("C", features("C"))
    assert not without[:, :MORGAN_BITS].any()


def test_a_giant_is_left_out():
    assert features_without_atoms("C" * 201, features("C" * 201)) is None


def test_contributions_are_of_the_whole_blend(model, trial):
    found = atom_contributions(model, trial)
    (aspirin,) = found.values()
    assert list(found) == [ASPIRIN]
    assert aspirin.shape == (13,)
    # By hand: the same encoded trial with one atom's counts left out.
    from dataclasses import replace

    from cladmop.estimator.parts import part_scores

    (encoded,) = model.trial_encoder().encode([trial])
    without = features_without_atoms(ASPIRIN, encoded.molecules[0])
    for atom in (0, 5, 12):
        changed = replace(encoded, molecules=without[[atom]])
        scores = part_scores(model, [trial] * 2, [encoded, changed], 0)
        base, left = log_odds(model.blend_({name: rows[0] for name, rows in scores.items()}))
        assert aspirin[atom] == pytest.approx(base - left, abs=1e-6)
    assert abs(aspirin).max() > 0


def test_atoms_alike_contribute_alike(model):
    ((smiles, found),) = atom_contributions(model, Trial(drugs=(Drug(name="x", smiles="OC(=O)c1ccccc1"),))).items()
    ranks = list(Chem.CanonicalRankAtoms(Chem.MolFromSmiles(smiles), breakTies=False))
    by_rank = dict(zip(ranks, found, strict=True))
    assert len(by_rank) == 7, "the two ortho and the two meta carbons are alike"
    assert found == pytest.approx([by_rank[rank] for rank in ranks], abs=1e-12)
    assert len(set(found.round(9))) > 3


def test_each_of_several_drugs_has_its_own(model):
    trial = Trial(drugs=(Drug(name="aspirin"), Drug(name="inventomab"), Drug(name="caffeine")))
    found = atom_contributions(model, trial)
    assert [len(values) for values in found.values()] == [13, 14]


def test_no_structure_or_no_network_no_contributions(model, trial):
    assert atom_contributions(model, Trial(drugs=(Drug(name="inventomab"),))) == {}
    model.networks_ = []
    assert atom_contributions(model, trial) == {}
