import pytest

from cladmop.drugs.kinds import is_biologic, is_class, is_placebo, is_polymer, is_procedure


@pytest.mark.parametrize(
    "name",
    ["placebo", "placebos", "matching placebo", "placebo to hctz", "normal saline", "0.9% sodium chloride", "vehicle",
     "sugar pill", "sterile water", "water for injection", "sham procedure", "zgn-440 sterile diluent"],
)  # fmt: skip
def test_placebos(name):
    assert is_placebo(name)


@pytest.mark.parametrize("name", ["dextrose in water", "placebo-controlled docetaxel", "sodium chloride tablets x"])
def test_not_placebos(name):
    assert not is_placebo(name)


@pytest.mark.parametrize(
    "name",
    ["nivolumab", "brentuximab vedotin", "abatacept", "insulin glargine", "peginterferon alfa-2a", "alteplase", "bcg",
     "influenza vaccine", "regulatory t-cells", "filgrastim", "il-2", "anti-thymocyte globulin", "enoxaparin",
     "recombinant human thrombopoietin", "rgp120", "hiv-1 immunogen", "tetravalent live", "gp100", "soy protein",
     "parathyroid hormone", "alvac-hiv", "h5g1.1-mab", "semaglutide",
     "mipomersen", "patisiran", "c1 esterase inhibitor", "anti-cd3 antibody", "asparaginase"],
)  # fmt: skip
def test_biologics(name):
    assert is_biologic(name)


@pytest.mark.parametrize(
    "name",
    ["docetaxel", "gefitinib", "albumin-bound paclitaxel", "proteasome inhibitor", "kinase inhibitor x", "free base",
     "vaccine adjuvant inhibitor", "chemophase", "increase", "genexol", "indigene",
     "paclitaxel (with albumin)", "plasminogen inhibitor"],
)  # fmt: skip
def test_not_biologics(name):
    assert not is_biologic(name)


@pytest.mark.parametrize(
    "name", ["radiotherapy", "quality-of-life assessment", "mri", "fdg pet/ct", "biopsy sample", "mastectomy"]
)
def test_procedures(name):
    assert is_procedure(name)


@pytest.mark.parametrize("name", ["docetaxel", "petrolatum", "apixaban"])
def test_not_procedures(name):
    assert not is_procedure(name)


@pytest.mark.parametrize(
    "name",
    ["chemotherapy", "combination chemotherapy", "corticosteroids", "ace inhibitors", "estrogens", "haart"],
)
def test_classes(name):
    assert is_class(name)


@pytest.mark.parametrize("name", ["prednisone", "estradiol", "benzylpenicillin", "inhibitor x-17", "chemotherapin"])
def test_not_classes(name):
    assert not is_class(name)


@pytest.mark.parametrize(
    "name", ["macrogol 4000", "polyethylene glycol", "sodium hyaluronate", "hypromellose", "starch"]
)
def test_polymers(name):
    assert is_polymer(name)


@pytest.mark.parametrize("name", ["polymyxin b", "polythiazide", "pegvisomant", "polidocanol", "dextrose", "agarol x"])
def test_not_polymers(name):
    assert not is_polymer(name)
