import numpy as np
import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.molecules import DESCRIPTORS, MORGAN_BITS, descriptors, morgan_counts, standardise
from cladmop.errors import InputError


@pytest.mark.parametrize(
    ("written", "parent"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("C[NH3+].[Cl-]", "CN"),
        ("CN1CCN(CC1)C2=NC3=CC=CC=C3NC4=C2C=C(S4)C.C1=CC=C2C(=C1)C=C(C(=C2CC3=C(C(=CC4=CC=CC=C43)C(=O)O)O)O)C(=O)O.O",
         "Cc1cc2c(s1)Nc1ccccc1N=C2N1CCN(C)CC1"),  # the counterion, pamoate, is larger than olanzapine
        ("N.N.Cl[Pt]Cl", "N.N.[Cl][Pt][Cl]"),
    ],
)  # fmt: skip
def test_parent_fragment(written, parent):
    assert standardise(written).smiles == parent


def test_salt_and_free_base_share_their_inchikey():
    assert standardise("CN.OC(=O)C=CC(O)=O").inchikey == standardise("CN").inchikey


def test_inchikey_and_mass_of_aspirin():
    aspirin = standardise("O=C(C)Oc1ccccc1C(=O)O")
    assert aspirin.inchikey == "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
    assert aspirin.mass == pytest.approx(180.16, abs=0.01)
    assert not aspirin.mixture


def test_two_drugs_in_one_structure_are_a_mixture():
    assert standardise("CC(=O)Oc1ccccc1C(=O)O.CN1C=NC2=C1C(=O)N(C(=O)N2C)C").mixture
    assert not standardise("CC(=O)Oc1ccccc1C(=O)O.OC(=O)CC(O)(CC(=O)O)C(=O)O").mixture


@pytest.mark.parametrize("written", ["not a smiles", "C1CC", "", "   ", "Q", "C" * 20_000, "c1ccccc", "CC(C)(C)(C)C"])
def test_no_smiles_is_refused_naming_place_and_value(written):
    with pytest.raises(InputError, match="drug 'x'"):
        standardise(written, "drug 'x'")


def test_invalid_smiles_writes_nothing_to_stderr(capfd):
    with pytest.raises(InputError):
        standardise("C1CC", "quiet")
    assert capfd.readouterr().err == ""


def test_morgan_counts_do_not_depend_on_the_spelling():
    assert morgan_counts("OCC").shape == (MORGAN_BITS,)
    np.testing.assert_array_equal(morgan_counts("OCC"), morgan_counts("CCO"))
    assert morgan_counts("CCCCCCCC").max() > 1


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", "N.N.Cl[Pt]Cl", "[Fe]", "C" * 900, "[H][H]"]
)
def test_descriptors_are_finite_and_of_order_one(smiles):
    values = descriptors(smiles)
    assert values.shape == (len(DESCRIPTORS),)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= 8


def test_descriptors_of_aspirin():
    values = dict(zip([item.name for item in DESCRIPTORS], descriptors("CC(=O)Oc1ccccc1C(=O)O"), strict=True))
    assert values["MolWt"] == pytest.approx(180.159 / 500, abs=1e-3)
    assert values["NumHDonors"] == pytest.approx(1 / 5)
