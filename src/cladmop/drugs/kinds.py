"""What a drug's name says of its kind: placebo, procedure, or too large to have a structure here."""

import re
from enum import StrEnum


class DrugKind(StrEnum):
    """What an intervention is, as far as structures are concerned."""

    SMALL_MOLECULE = "small molecule"
    """Has a structure."""
    BIOLOGIC = "biologic"
    """Protein, antibody, vaccine, cell, nucleic acid or large peptide: no structure is used."""
    POLYMER = "polymer"
    """Chains of many lengths (macrogol, cellulose, hyaluronic acid): a unit's structure would mislead, none is used."""
    PLACEBO = "placebo or vehicle"
    """Placebo, sham, vehicle, saline, water: no structure."""
    CLASS = "class of drugs"
    """A class or a kind of treatment that names no drug (chemotherapy, corticosteroids): no structure."""
    PROCEDURE = "procedure"
    """Surgery, radiation, test, device, behaviour: no structure."""
    UNMAPPED = "unmapped"
    """Not known here, or known by name only."""


NOT_DRUGS = frozenset({DrugKind.PLACEBO, DrugKind.PROCEDURE})
"""Kinds of interventions that are no drug under test."""
MAX_MASS = 2_000.0
"""Mass in Da above which a molecule is treated as a biologic; dalbavancin has 1,800, glucagon 3,480."""

_PLACEBO = re.compile(
    r"pla[cs]e?bo\w*|\bsham\b|\bsaline\b|\bvehicles?\b|\bsugar pills?\b|\bdummy\b|\bdiluents?\b|"
    r"^(?:(?:sterile|bacteriostatic|distilled|tap|purified|bottled|drinking|"
    r"plain) )?water(?: for injections?)?$|^(?:0?[.,]9 ?% )?(?:sodium chloride|nacl)(?: 0?[.,]9 ?%)?$|"
    r"^(?:excipients?|inactive (?:control|substance|pill))$"
)
_CONTROLLED = re.compile(r"pla[cs]ebo[- ]controlled|vehicle[- ]controlled|sham[- ]controlled")

_BIOLOGIC_WORDS = re.compile(
    r"\b(?:vaccin\w+|antibod(?:y|ies)|(?:immuno|anti)?globulins?|"
    r"(?:pegylated[ -])?(?:peg)?interferons?(?:-\w+)?|ifn|insulins?|interleukins?(?:-\d+)?|r?h?il-?\d{1,2}\w?|"
    r"antitoxins?|antivenoms?|(?:botulinum|anthrax|tetanus|pertussis) toxins?(?: type [a-g])?|toxoids?|botox|"
    r"(?<!with )albumins?(?!-)|plasma|platelets?|(?:red )?blood(?: cells?)?|erythrocytes?|stem[- ]cells?|"
    r"bone marrow|lymphocytes?|leukocytes?|(?:car-?)?t[- ]cells?|nk[- ]cells?|dendritic[- ]cells?|cells|serum|"
    r"antisera|growth[- ]factors?|growth hormones?|somatropin\w*|erythropoietins?|epo|(?:alfa|beta)poetin|"
    r"gene therap(?:y|ies)|plasmids?|adenovir(?:us|al)|lentivir(?:us|al)|retrovir(?:us|al vector)|"
    r"virus(?:es)?|vaccinia|poxvirus|bcg|collagens?|fibrin(?:ogen)?|thrombin|heparins?|antigens?|allergens?|"
    r"pollen|probiotics?|microbiota|lactobacillus|bifidobacter\w+|factor (?:[ivx]+a?|\d+)|"
    r"colony[- ]stimulating factors?|g-?csf|gm-?csf|sirna|antisense|oligonucleotides?|mrna|monoclonal|"
    r"immunotoxins?|fusion protein|surfactant|extracellular matrix|exosomes?|peptide vaccines?|bispecific|"
    r"hemoglobin|enzymes?|esterase inhibitor|follitropin\w*|gonadotrop(?:h?in|hins?)|hcg|hmg|aprotinin|"
    r"recombinant|rh(?:u|ig)?(?:epo|igf|gh|thrombin|cd40l|il)[\w-]*|r?gp ?\d{2,3}|hiv(?:-\d)?[ -]?(?:p24|mn|env|"
    r"immunogen|sf-?2|iiib|1mn|1iiib|1sf2)|hiv-1\w*|(?:alvac|nyvac|hivac|prostvac|trovax|mva|lipovaxin|vaxfectin)\b"
    r"[\w-]*|\w{3,}vax|immunogens?|(?:mono|bi|tri|quadri|tetra|penta|hexa|hepta|multi|poly)valent|whole virion|"
    r"(?:formal\w+ )?inactivated|h5n1|diphtheria|tetanus|pertussis|freund'?s adjuvant|mf59|as0[1-4]\w?|montanide|"
    r"keyhole limpet|klh|detox-b|h?okt3\w*|anti-tac|igg\w?|atg|leptin|relaxin|thrombopoietin|flt3 ligand|"
    r"(?:isis|apl) \d[\d-]*|mg 98|gem ?231|\w*phage\w*|salmonella|saccharomyces\b|mycobacter\w+|\w{4,}glutide|"
    r"nesritide|carperitide|ularitide|muc-?1|tnfr:fc|infuse bone graft|shark cartilage|"
    r"parathyroid hormone|secretin|corticotropin\w*|thyrotropin\w*|"
    r"(?:\w+ )?proteins?(?! (?:expression|kinase|c\b|bound|analysis|restrict\w*))|"
    r"gene(?! (?:expression|mapping|mutations?|rearrangement))|"
    r"ad5\w*|peptide construction|ampligen|rintatolimod|\w{3,}(?:dotox|titox|sudotox))\b|-mab\b"
)
# INN stems of biologics (WHO, "Stem Book" 2018): antibodies, receptor fusions, enzymes, growth factors, and so on.
_BIOLOGIC_STEMS = re.compile(
    r"\b[\w]*(?:[a-z]{2}mab|[a-z]{2}[oae]ns?ermin|nercept|bercept|tacept|facept|tercept|cocept|fusp|grastim|"
    r"gramostim|poetin|kinra|leukin|parin|rsen|siran|leucel|autocel|tecel|[a-z]{3}ermin|plasmid|repvec|"
    r"parvovec|repirvec|fermin|diftitox|octocog|nonacog|eptacog|pegol-?mab)(?:-[a-z0-9]+)?\b"
)
_ENZYME = re.compile(
    r"\b(?![a-z]*(?:base|phase|lease|disease|crease|chase|phrase|ncase|please|erase|tease)\b)[a-z]{3,}ases?\b"
)
_ENZYME_TARGET = re.compile(r"\b(?:inhibitors?|antagonists?|agonists?|blockers?|activators?|modulators?|degraders?)\b")

_POLYMER = re.compile(
    r"^(?:sodium |potassium |calcium )?(?:poly(?:ethylene|propylene|vinyl|acryl|styrene|carbophil|mers?\b|glucosamine|"
    r"dimethylsiloxane|oxyethylene|dextrose|quaternium)\w*|macrogols?|peg[ -]?\d*|povidone|crospovidone|dextrans?|"
    r"(?:\w+ )?starch|\w*celluloses?|hypromellose|carbomers?|carboxymethyl\w+|hyaluron\w*|chitosans?|alginate\w*|"
    r"alginic acid|inulin|pectins?|psyllium|ispaghula|chondroitin\w*|(?:beta-?)?glucans?|(?:chole|coles)\w{2,4}amine|"
    r"colestipol|colesevelam|sevelamer|patiromer|tolevamer|(?:di|si)methicone|glatiramer|pentosan\w*|poloxamers?|"
    r"tecogalan|ferumoxytol|xanthan|guar|agar|carrageenan|hetastarch|pentastarch|perflubron emulsion|silicone)\b"
    r"(?! (?:ether|monomer))"
)
_CLASS = re.compile(
    r"^(?:[\w-]+ ){0,4}(?:chemo(?:therap(?:y|ies|eutics?))?|chemoradi\w+|polychemotherapy|agents?|medications?|"
    r"medicines?|inhibitors?|antagonists?|beta-antagonists|agonists?|blockers?|analogu?es?|steroids?|"
    r"(?:cortico|gluco)\w*stero?ids?|glucocorticoids?|hormones?|o?estrogens?|progest(?:ins?|ogens?|agens?)|"
    r"(?:anti)?androgens?|opioids?|opiates?|diuretics?|statins?|nsaids?|benzodiazepines?|bisphosphonates?|"
    r"antioxidants?|anti(?:biotics?|microbials?|virals?|retrovirals?|depressants?|psychotics?|emetics?|"
    r"hypertensives?|fungals?|malarials?|coagulants?|histamines?|epileptics?|convulsants?|neoplastics?)|art|haart|"
    r"(?:multi)?vitamins?|supplements?|minerals?|contraceptives?|ana?esthe(?:sia|tics?)|sedatives?|analgesics?|"
    r"immunosuppress(?:ion|ants?|ive|ives)|fatty acids?|taxanes?|anthracyclines?|digitalis|thrombolytics?|"
    r"(?:hormone|hormonal|endocrine|replacement|antiretroviral|immunosuppressive|chelation) (?:therapy|treatment))"
    r"(?:, \w+)?$"
)
_PROCEDURE = re.compile(
    r"\b(?:surg(?:ery|ical)|resection|\w*ectomy|radio-?therapy|radio-?surgery|radiation|irradiation|"
    r"brachytherapy|imrt|sbrt|chemoembolization|embolization|ablation|transplant(?:ation|s)?|biops(?:y|ies)|"
    r"mri|fmri|magnetic resonance|imaging|x-?ray|radiograph\w*|tomography|pet|pet/ct|spect|ultrasound|"
    r"ultrasonograph\w*|echocardiogra\w+|endoscop\w+|colonoscopy|questionnaires?|survey|interview|"
    r"quality[- ]of[- ]life|assessments?|acupuncture|exercise|physical therapy|physiotherapy|rehabilitation|"
    r"training|yoga|massage|meditation|counsell?ing|psychotherapy|behaviou?ral|cognitive|education(?:al)?|"
    r"hypnosis|music|diet(?:ary (?:advice|counsell?ing))?|fasting regimen|device|catheter|stent|laser|"
    r"phototherapy|photopheresis|light therapy|stimulation|pacemaker|ventilat(?:ion|or)|hyperthermia|"
    r"hypothermia|dialysis|hemodialysis|haemodialysis|plasmapheresis|apheresis|leukapheresis|laboratory|"
    r"biomarker analysis|pharmacological stud(?:y|ies)|pharmacokinetics?|blood (?:draw|sampl\w+)|sampl(?:e|es|"
    r"ing)|(?:gene )?sequencing|microbiome|technology|observation(?:al)?|no intervention|watchful waiting|"
    r"clinical observation|immunohistochemistry|flow cytometry|mutation analysis|"
    r"polymerase chain reaction|monitoring|screening|telephone|app|software|"
    r"follow-?up|(?:isolated )?(?:limb )?perfusion|hybridization|expression analysis|radioprotection|mind-body)\b"
)


def is_placebo(text: str) -> bool:
    """Tell whether a name is that of a placebo or vehicle: ``placebo to BI 1021958``, ``normal saline``."""
    return _PLACEBO.search(_CONTROLLED.sub(" ", text)) is not None


def is_biologic(name: str) -> bool:
    """Tell whether a name is that of a protein, antibody, vaccine, cell product, virus or nucleic acid."""
    if _ENZYME_TARGET.search(name) and not name.startswith("anti-"):
        return "antibod" in name or "c1 esterase inhibitor" in name
    if _BIOLOGIC_WORDS.search(name) or _BIOLOGIC_STEMS.search(name):
        return True
    return _ENZYME.search(name) is not None


def is_procedure(name: str) -> bool:
    """Tell whether a name is that of a procedure, test, device or behaviour and of no substance."""
    return _PROCEDURE.search(name) is not None


def is_polymer(name: str) -> bool:
    """Tell whether a name is that of a polymer, whose unit alone would be another substance."""
    return _POLYMER.search(name) is not None


def is_class(name: str) -> bool:
    """Tell whether a name is that of a class of drugs or of a kind of treatment, and of no drug."""
    return _CLASS.search(name) is not None
