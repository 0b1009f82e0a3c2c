"""Structures written by hand have the formula their substance is known by."""

import pytest
from rdkit.Chem import MolFromSmiles
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from cladmop.drugs.curated import structures

FORMULAS = {
    "alisertib": "C27H20ClFN4O4",
    "mln8054": "C25H15ClF2N4O2",
    "entospletinib": "C23H21N7O",
    "luminespib": "C26H31N3O5",
    "fruquintinib": "C21H19N3O5",
    "galunisertib": "C22H19N5O",
    "pacritinib": "C28H32N4O3",
    "buparlisib": "C18H21F3N6O2",
    "losmapimod": "C22H26FN3O2",
    "tivantinib": "C23H19N3O2",
    "radotinib": "C27H21F3N8O",
    "ganetespib": "C20H20N4O3",
    "indoximod": "C12H14N2O2",
    "2-deoxyglucose": "C6H12O5",
    "imexon": "C4H5N3O",
    "snx-5422": "C25H30F3N5O4",
    "cudc-101": "C24H26N4O4",
    "abt-751": "C18H17N3O4S",
    "px-478": "C13H18Cl2N2O3",
    "ph-797804": "C22H19BrF2N2O3",
    "mk-0752": "C21H21ClF2O4S",
    "he3286": "C21H30O3",
    "pf-04991532": "C18H19F3N4O3",
    "bms-690514": "C19H24N6O2",
    "mk-7145": "C26H30N2O6",
    "pf-06282999": "C13H12ClN3O3S",
    "vtp-27999": "C26H41ClN4O5",
    "s-3304": "C24H20N2O4S2",
    "pf-03654746": "C18H24F2N2O",
    "etelcalcetide": "C38H73N21O10S2",
    "jnj-38877605": "C19H13F2N7",
    "picoplatin": "C6H10Cl2N2Pt",
    "pr-104": "C14H20BrN4O12PS",
    "sjg-136": "C31H32N4O6",
    "pf-04958242": "C18H20N2O4S2",
    "fludeoxyglucose f-18": "C6H11FO5",
    "foxy-5": "C26H42N6O12S2",
    "me-344": "C22H20O4",
    "elamipretide": "C32H49N9O5",
    "dacarbazine": "C6H10N6O",
    "nintedanib": "C31H33N5O4",
    "ixazomib": "C14H19BCl2N2O4",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name):
    assert CalcMolFormula(MolFromSmiles(structures()[name])) == FORMULAS[name]
