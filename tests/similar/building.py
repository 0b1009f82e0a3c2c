"""A small index of an invented corpus, by a language model of random weights."""

from cladmop.encoders.base import Unit
from cladmop.pipeline import EncodingSettings, NetworkSettings

SIZES = {"width": 8, "heads": 2, "centroids": [4], "group_layers": 1, "criteria_width": 8, "head_width": 8}
SIZES |= {"match_width": 8}


def tiny_settings(language_model):
    encoding = EncodingSettings(str(language_model), None, Unit.ITEMS, "repaired", "float32")
    return NetworkSettings(encoding=encoding, model=SIZES, pretrain={"epochs": 2})


def tiny_index(corpus, language_model, folder):
    from cladmop.similar.build import build_index

    build_index(corpus, folder / "index", folder / "work", lambda _: None, settings=tiny_settings(language_model))
    return folder / "index"
