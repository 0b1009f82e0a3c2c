"""The words of condition names, by which they are compared: lower case, singular, one word for what goes by several.

A name has its *telling* words, without stage, line and age words, and its *stated* words, which keep what can tell
diseases apart all the same (``primary`` and ``secondary`` hyperparathyroidism, islet cell ``carcinoma`` and ``tumor``).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# One word for what registries and ICD-10-CM call differently.
SAME = {
    "carcinoma": "cancer", "neoplasm": "cancer", "tumor": "cancer", "tumour": "cancer",
    "malignancy": "cancer", "adenocarcinoma": "cancer", "prostatic": "prostate",
    "mammary": "breast",
    "pulmonary": "lung", "hepatic": "liver", "renal": "kidney", "esophagus": "esophageal", "oesophageal": "esophageal",
    "cystadenocarcinoma": "cancer",
    "leukaemia": "leukemia", "anaemia": "anemia", "haemophilia": "hemophilia", "myelogenous": "myeloid",
    "myelocytic": "myeloid",
    "lymphoid": "lymphoblastic", "ovary": "ovarian", "pancreas": "pancreatic",
    "stomach": "gastric", "colorectum": "colorectal", "multiforme": "", "mellitus": "",
    "ii": "2", "hypertensive": "hypertension",
    "uterine": "uterus", "uteri": "uterus", "intraocular": "eye", "ocular": "eye", "calculi": "calculus",
    "ruptured": "rupture", "disorder": "disease",
}  # fmt: skip
_FILLERS = frozenset({
    "a", "an", "and", "the", "of", "in", "on", "with", "to", "for", "by", "or", "at", "from", "as", "due",
    "other", "unspecified", "nos", "nec", "not", "otherwise", "elsewhere", "classified", "specified",
    "adult", "childhood", "pediatric", "paediatric", "patient", "subject", "volunteer", "protocol", "specific", "newly",
    "diagnosed", "previously", "untreated", "unresectable", "resectable",
})  # fmt: skip
DROPPED = _FILLERS | {
    "without", "recurrent", "relapsed", "refractory", "metastatic", "advanced", "locally", "local", "primary",
    "secondary", "malignant", "early", "late", "stage", "grade", "i", "iii", "iv", "ia", "ib", "iia", "iib", "iic",
    "iiia", "iiib", "iiic", "iva", "ivb", "ivc", "progressive", "persistent", "moderate", "moderately", "severe",
    "severely", "mild", "active", "regional", "invasive", "high", "low", "risk", "positive", "negative", "symptomatic",
    "inoperable", "platinum", "resistant", "sensitive", "her2", "hormone", "egfr", "mutation", "mutated", "alk", "line",
    "first", "second",
}  # fmt: skip
GENERIC = frozenset({"disease", "disorder", "condition", "syndrome", "infection", "injury", "symptom", "abnormality"})
_GROWTHS = frozenset({"neoplasm", "tumor", "tumour"})
"""Said of benign and malignant ones alike."""
_MALIGNANT = frozenset({
    "malignant", "malignancy", "cancer", "carcinoma", "adenocarcinoma", "cystadenocarcinoma", "sarcoma", "metastatic",
})  # fmt: skip
_BENIGN = frozenset({"benign", "nonmalignant"})

_OPPOSITES = (
    ("primary", "secondary"), ("early", "late"), ("high", "low"), ("positive", "negative"),
    ("mild", "moderate"), ("mild", "severe"), ("moderate", "severe"),
)  # fmt: skip
"""Words that a wording must not say the opposite of, though they are no telling ones."""


@dataclass(frozen=True)
class Name:
    """A condition's name, as it is compared."""

    telling: frozenset[str]
    """Lower case, singular, without stage, line and age."""
    stated: frozenset[str]
    """All words but fillers; growths that can be benign keep a word of their own."""
    malignant: bool
    """Whether it says that a growth is malignant."""
    benign: bool
    """Whether it says that a growth is benign."""

    def admits(self, code: str) -> bool:
        """Whether the name does not speak against a code: malignant growths are C00 to C96, benign ones D10 to D36."""
        if self.benign:
            return not "C00" <= code[:3] < "D00"
        return not self.malignant or not ("D10" <= code[:3] < "D37" or code[:3] == "D3A")

    def contradicts(self, stated: frozenset[str]) -> bool:
        """Whether the stated words of another name say the opposite (``primary`` of ``secondary``)."""
        return any(
            (one in self.stated and other in stated) or (other in self.stated and one in stated)
            for one, other in _OPPOSITES
        )


@lru_cache(maxsize=65_536)
def read(name: str) -> Name:
    """Return a name as it is compared."""
    tokens = frozenset(map(_singular, written(name)))
    stated = frozenset("growth" if token in _GROWTHS else SAME.get(token, token) for token in tokens - _FILLERS)
    benign = not _BENIGN.isdisjoint(tokens)
    return Name(_telling(written(name)), stated - {""}, not benign and not _MALIGNANT.isdisjoint(tokens), benign)


def words(name: str) -> frozenset[str]:
    """Return the telling words of a condition's name, lower case, singular, without stage, line and age."""
    return read(name).telling


def _telling(tokens: Iterable[str]) -> frozenset[str]:
    renamed = (SAME.get(token, token) for token in map(_singular, tokens))
    return frozenset(token for token in renamed if token and token not in DROPPED)


def written(name: str) -> tuple[str, ...]:
    """Return the words of a name as written, in lower case."""
    plain = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = re.sub(r"['\u2019]s\b", "", plain)
    plain = re.sub(r"\bstage (?:0|iv|i{1,3})[abc]?\b", "stage", plain)
    plain = re.sub(r"\btype (?:ii|two)\b", "type 2", re.sub(r"\btype (?:i|one)\b", "type 1", plain))
    return tuple(re.findall(r"[a-z0-9]+", plain))


def spellings(texts: Iterable[str]) -> frozenset[str]:
    """Return every word that known wordings use, as written and singular, and the words this module knows."""
    used = {word for text in texts for word in written(text)}
    own = SAME.keys() | set(SAME.values()) | DROPPED | GENERIC
    return frozenset(used | set(map(_singular, used)) | own - {""})


def _singular(token: str) -> str:
    if len(token) > 5 and token.endswith("ies"):
        return f"{token[:-3]}y"
    if token.endswith("omas"):
        return token[:-1]
    if len(token) > 4 and token.endswith("s") and not token.endswith(("ss", "us", "is", "as")):
        return token[:-1]
    return token
