import pytest

from cladmop.drugs.kinds import is_biologic, is_placebo, is_procedure


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
     "mipomersen", "patisiran", "c1 esterase inhibitor", "anti-cd3 antibody", "asparaginase"],
)  # fmt: skip
def test_biologics(name):
    assert is_biologic(name)


@pytest.mark.parametrize(
    "name",
    ["docetaxel", "gefitinib", "albumin-bound paclitaxel", "proteasome inhibitor", "kinase inhibitor x", "free base",
     "vaccine adjuvant inhibitor", "chemophase", "increase", "paclitaxel (with albumin)", "plasminogen inhibitor"],
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
