import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cladmop.diseases.conditions import (
    FLOOR,
    FREQUENT,
    GENERAL,
    NO_MATCH,
    CodeMatch,
    codes_for,
    match,
    resolve_conditions,
)
from cladmop.diseases.icd import ancestors, vocabulary
from cladmop.diseases.wording import read, words
from cladmop.sources.xml import read_xml_zip


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("NSCLC", ("C34",)),
        ("Carcinoma, Non-Small-Cell Lung", ("C34",)),
        ("recurrent non-small cell lung cancer", ("C34",)),
        ("Stage IV Breast Cancer", ("C50",)),
        ("breast neoplasms", ("C50",)),
        ("Diabetes Mellitus, Type 2", ("E11",)),
        ("type II diabetes", ("E11",)),
        ("Type 1 Diabetes Mellitus", ("E10",)),
        ("HIV Infections", ("B20",)),
        ("Alzheimer's Disease", ("G30",)),
        ("Alzheimer\u2019s Disease", ("G30",)),
        ("Cushing syndrome", ("E24",)),
        ("hepatitis c, chronic", ("B18",)),
        ("acute promyelocytic leukemia", ("C92.4",)),
        ("Chronic pancreatitis", ("K86.1",)),
    ],
)
def test_names(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize("name", ["healthy", "", "qwertyuiop", "stage iv", "safety", "123", "the disease"])
def test_what_is_no_disease_stays_unmapped(name):
    assert match(name) is NO_MATCH


@given(st.text(max_size=40))
def test_scores_and_codes_agree(name):
    found = match(name)
    assert bool(found.codes) == (found.score >= FLOOR)
    assert all(ancestors(code) for code in found.codes)


@given(st.lists(st.sampled_from(["lung", "cancer", "Type 2", "diabetes", "chronic", "hepatitis", "C"]), max_size=5))
def test_word_order_does_not_matter(parts):
    assert words(", ".join(parts)) == words(", ".join(reversed(parts)))


def test_every_listed_code_exists_and_no_two_names_disagree():
    seen: dict[frozenset[str], list[str]] = {}
    for file in (FREQUENT, GENERAL):
        listed = json.loads((files("cladmop.diseases") / file).read_text(encoding="utf-8"))
        assert list(listed) == sorted(listed)
        for name, codes in listed.items():
            assert words(name), name
            assert all(ancestors(code)[-1] == code for code in codes), name
            assert seen.setdefault(read(name).stated, codes) == codes, name
            assert match(name) == (CodeMatch(tuple(codes), 1.0, "list") if codes else NO_MATCH), name


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Leukemia, Myeloid, Acute", ("C92",)),
        ("Neoplasms, Colonic", ("C18",)),
        ("Colonic Neoplasms", ("C18",)),
        ("Candidiasis, Oral", ("B37.0",)),
        ("Death, Sudden, Cardiac", ("I46",)),
        ("Cystadenocarcinoma of the ovary", ("C56",)),
        ("Stage III Squamous Cell Carcinoma of the Larynx", ("C32",)),
        ("thrombosis", ("I82",)),
    ],
)
def test_mesh_headings_and_frequent_names(name, codes):
    assert codes_for(name) == codes
    assert match(name).source == "list"


def test_a_general_name_is_not_looked_for_inside_others():
    assert match("thrombosis of the quokka").codes == ()


@pytest.mark.parametrize(
    ("name", "codes", "score", "source"),
    [
        ("Transitional Cell Carcinoma of the Bladder", ("C67",), 0.9, "list"),
        ("Acute Ischemic Stroke", ("I63",), 0.9, "list"),
        ("Factor IX Deficiency", ("D67",), 1.0, "tabular"),
        ("Wiskott-Aldrich Syndrome", ("D82.0",), 1.0, "tabular"),
        ("HIV Wasting Syndrome", ("B20",), 0.9, "list"),
        ("Scleroderma, Localized", ("L94.0",), 1.0, "tabular"),
    ],
)
def test_what_checkpoints_were_trained_on_stays(name, codes, score, source):
    assert match(name) == CodeMatch(codes, pytest.approx(score), source)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Alzhiemer's disease", ("G30",)),
        ("rheumatiod arthritis", ("M06",)),
        ("Schizoaffecitve Disorder", ("F25",)),
        ("type 1 diabetis", ("E10",)),
        ("type 2 diabtes melitus", ("E11",)),
        ("hypertention", ("I10",)),
        ("hypotenion", ("I95",)),
        ("hyperthyroidsm", ("E05.9",)),
        ("hypothyroidsm", ("E03",)),
        ("stage IV pancreactic cancer", ("C25",)),
    ],
)
def test_misspelled_words_are_set_right(name, codes):
    found = match(name)
    assert found.codes == codes
    assert found.source == "fuzzy"
    assert 0.8 <= found.score < 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypotension", "hypertension"),
        ("hypothyroidism", "hyperthyroidism"),
        ("hypothyroidsm", "hyperthyroidsm"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("type 1 diabetis", "type 2 diabetis"),
        ("arteritis", "arthritis"),
        ("seminoma", "semicoma"),
        ("osteoporosis", "osteopetrosis"),
        ("spondylolysis", "spondylosis"),
        ("hemophilia a", "hemophilia b"),
        ("ureteral cancer", "urethral cancer"),
    ],
)
def test_different_diseases_keep_apart(one, other):
    assert match(one).codes
    assert match(other).codes
    assert match(one).codes != match(other).codes


@pytest.mark.parametrize(
    "name", ["hepatitis Q", "hepatits Q", "type 7 diabetis insipidis", "astma", "colonel", "brest"]
)
def test_short_words_letters_and_digits_are_never_set_right(name):
    assert match(name).source != "fuzzy"


@given(st.sampled_from(sorted(vocabulary().lineages)), st.data())
def test_known_wordings_are_never_fuzzy(code, data):
    tabular = pytest.importorskip("simple_icd_10_cm")
    if tabular.is_valid_item(code):
        assert match(tabular.get_description(code)).source != "fuzzy"


@pytest.mark.parametrize(
    ("name", "opposite"),
    [
        ("primary amyloidosis", "Secondary systemic amyloidosis"),
        ("estrogen receptor positive", "Estrogen receptor negative status [ER-]"),
        ("mild asthma", "Severe asthma"),
        ("severe asthma", "Moderate asthma"),
    ],
)
def test_opposites_contradict_each_other_only(name, opposite):
    one, other = read(name), read(opposite)
    assert one.contradicts(other.stated)
    assert other.contradicts(one.stated)
    assert not one.contradicts(one.stated)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("peripheral T-cell lymphoma", "peripheral T-cell lymphomas"),
        ("ovarian carcinoma", "ovarian carcinomas"),
        ("hematologic malignancy", "hematologic malignancies"),
        ("kidney disease", "Kidney Diseases"),
        ("HIV infection", "HIV infections"),
    ],
)
def test_a_plural_is_the_same_condition(one, many):
    assert codes_for(one) == codes_for(many) != ()


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("fatty liver", ("K76.0",)),  # words in parentheses may be absent
        ("Mood Disorders", ("F39",)),
        ("Systemic Sclerosis", ("M34",)),
        ("Refractory Anemia With Excess Blasts", ("D46.2",)),
        ("myopia", ("H52.1",)),  # of equal telling words, those that are stated decide
        ("degenerative myopia", ("H44.2",)),
        ("malignant myopia", ("H44.2",)),
        ("secondary hyperparathyroidism", ("E21.1",)),
        ("primary hyperparathyroidism", ("E21.0",)),
        ("hyperparathyroidism", ("E21.3",)),
        ("severe sepsis", ("R65.2",)),
        ("Amenorrhea", ("N91.2",)),
        ("Primary Systemic Amyloidosis", ("E85.8",)),
        ("appendicitis", ("K37",)),  # not the residual code
        ("Fever", ("R50.9",)),
        ("traumatic amputation", ("T14.8",)),  # a wording that says more stands for no other
        ("psychotic disorder", ("F29",)),
        ("vascular disease", ("I99.9",)),
        ("Cardiovascular Diseases", ("I99.9",)),
        ("hemolytic anemia", ("D58.9", "D59.9")),
        ("renal impairment", ("N28.9",)),
        ("abdominal aortic aneurysm", ("I71.4",)),
        ("ruptured abdominal aortic aneurysm", ("I71.3",)),
        ("herpes simplex", ("B00",)),
        ("Kidney Diseases", ("N28.9",)),  # a disease is a disorder
        ("Pulmonary Fibrosis", ("J84.1",)),  # five-character codes have names too
        ("Infantile Spasms", ("G40.8",)),
        ("Hyaline Membrane Disease", ("P22.0",)),
        ("Fanconi Anemia", ("D61.0",)),
        ("Kidney Calculi", ("N20.0",)),
        ("severe myopia", ("H52.1",)),
        ("Liver Disease", ("K76.9",)),  # not the code that needs another one beside it
        ("Bone Diseases", ("M89.9",)),
        ("respiratory syncytial virus", ("B97.4",)),
        ("estrogen receptor negative", ("Z17.1",)),
        ("blood transfusion", ()),  # an accident is no condition
    ],
)
def test_a_wording_stands_for_what_it_says(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("malignant meningioma", ("C70",)),
        ("Adult Grade III Meningioma", ("C70",)),
        ("meningioma", ("D32",)),
        ("benign meningioma", ("D32",)),
        ("islet cell carcinoma", ("C25.4",)),
        ("islet cell tumor", ("D13.7",)),
        ("benign brain tumor", ("D33.2",)),
        ("hemangioma", ("D18.0",)),
        ("malignant hemangioma", ()),
        ("pituitary adenoma", ("D35.2",)),
        ("malignant pituitary adenoma", ()),
    ],
)
def test_malignant_and_benign_growths_keep_apart(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("intraocular melanoma", ("C69",)),
        ("uveal melanoma, metastatic", ("C69",)),
        ("choroid melanoma", ("C69.3",)),
        ("vulvar melanoma", ("C51",)),
        ("cutaneous melanoma", ("C43",)),
        ("skin melanoma, stage IV", ("C43",)),
        ("skin melanoma AJCC v8", ("C43",)),
        ("melanoma", ("C43",)),
        ("uterine sarcoma", ("C55",)),
        ("uterine corpus leiomyosarcoma", ("C54",)),
        ("ovarian sarcoma", ("C56",)),
        ("synovial sarcoma", ("C49",)),
        ("transitional cell cancer of the renal pelvis and ureter", ("C65", "C66")),
        ("carcinoma of the renal pelvis", ("C65",)),
        ("clear cell renal cell carcinoma", ("C64",)),
    ],
)
def test_a_cancer_is_coded_by_its_organ(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Adult Acute Minimally Differentiated Myeloid Leukemia (M0)", ("C92.0",)),
        ("Adult Acute Myeloblastic Leukemia Without Maturation (M1)", ("C92.0",)),
        ("Adult Acute Myeloid Leukemia With t(8;21)(q22;q22)", ("C92.0",)),
        ("Adult Acute Promyelocytic Leukemia (M3)", ("C92.4",)),
        ("Adult Acute Myeloid Leukemia With t(15;17)(q22;q12)", ("C92.4",)),
        ("Adult Acute Myelomonocytic Leukemia (M4)", ("C92.5",)),
        ("Adult Acute Myeloid Leukemia With Inv(16)(p13;q22)", ("C92.5",)),
        ("Adult Acute Myeloid Leukemia With t(16;16)(p13;q22)", ("C92.5",)),
        ("Adult Acute Myeloid Leukemia With 11q23 (MLL) Abnormalities", ("C92.6",)),
        ("Childhood Acute Monoblastic Leukemia (M5a)", ("C93.0",)),
        ("Childhood Acute Monocytic Leukemia (M5b)", ("C93.0",)),
        ("Adult Acute Erythroid Leukemia (M6)", ("C94.0",)),
        ("Adult Erythroleukemia (M6a)", ("C94.0",)),
        ("Adult Acute Megakaryoblastic Leukemia (M7)", ("C94.2",)),
        ("acute leukemia", ("C95.0",)),
        ("acute lymphocytic leukemia", ("C91",)),
        ("AML", ("C92",)),
    ],
)
def test_subtypes_of_acute_leukemia(name, codes):
    assert codes_for(name) == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Diabetes Insipidus, Neurohypophyseal", ("E23.2",)),
        ("Diabetes Mellitus, Insulin-Dependent", ("E10",)),
        ("Diabetes Mellitus, Non-Insulin-Dependent", ("E11",)),
        ("renal failure chronic requiring hemodialysis", ("N18.9",)),
        ("Adult Acute Promyelocytic Leukemia With t(15;17)(q22;q12); PML-RARA", ("C92.4",)),
        ("noncontiguous stage ii grade 1 follicular lymphoma", ("C82",)),  # a stage is no grade
        ("noncontiguous stage ii grade 2 follicular lymphoma", ("C82.1",)),
        ("lower urinary tract symptoms", ()),
        ("childhood central nervous system germinoma", ()),
        ("HIV Seronegativity", ()),
        ("graft-versus-leukemia", ()),
    ],
)
def test_a_frequent_name_inside_another_does_not_hide_what_that_says(name, codes):
    assert codes_for(name) == codes


def test_every_name_of_a_trial_keeps_its_match():
    found = resolve_conditions(["Asthma", "Healthy", "Asthma", "Alzhiemer's disease"], ["Lung Diseases"])
    assert [one.name for one in found.matches] == ["Asthma", "Healthy", "Alzhiemer's disease"]
    assert [one.match.source for one in found.matches] == ["list", "none", "fuzzy"]
    assert found.codes == ("G30", "J45")


def test_mesh_terms_stand_in_where_no_name_has_a_code():
    found = resolve_conditions(["Quokka bite"], ["Recurrence", "Carcinoma, Basal Cell", "Asthma"])
    assert [(one.name, one.match.source) for one in found.matches] == [
        ("Quokka bite", "none"),
        ("Carcinoma, Basal Cell", "mesh"),
        ("Asthma", "mesh"),
    ]
    assert found.codes == ("C44", "J45")
    assert resolve_conditions([]).codes == ()


def test_most_conditions_of_real_trials_have_a_code(shared_dir):
    studies = read_xml_zip(shared_dir / "ctgov" / "AllPublicXML-sample.zip", [].append)
    names = [name for study in studies if study.drugs for name in study.conditions]
    assert sum(bool(match(name).codes) for name in names) / len(names) > 0.9
