"""The public modules: what the reference documents, and what its test goes through."""

import ast
import importlib
import inspect

PUBLIC = {
    "trials": (
        "cladmop.records",
        "cladmop.sources.inputs",
        "cladmop.sources.ctgov",
        "cladmop.sources.studies",
        "cladmop.sources.top",
        "cladmop.sources.documents",
        "cladmop.sources.examples",
    ),
    "prediction": (
        "cladmop.estimator",
        "cladmop.estimator.scores",
        "cladmop.estimator.conformal",
        "cladmop.estimator.domain",
        "cladmop.explain",
        "cladmop.whatif",
        "cladmop.whatif.edits",
        "cladmop.similar",
    ),
    "corpus": (
        "cladmop.corpus.build",
        "cladmop.corpus.manifest",
        "cladmop.corpus.tables",
        "cladmop.corpus.rules",
        "cladmop.drugs.resolve",
        "cladmop.drugs.source",
        "cladmop.diseases.conditions",
        "cladmop.diseases.icd",
    ),
    "training": (
        "cladmop.pipeline",
        "cladmop.encoders.base",
        "cladmop.encoders.text",
        "cladmop.encoders.trial",
        "cladmop.encoders.cache",
        "cladmop.training.settings",
        "cladmop.training.cohort",
        "cladmop.training.pretrain",
        "cladmop.training.finetune",
        "cladmop.training.predict",
    ),
    "model": (
        "cladmop.model.config",
        "cladmop.model.batch",
        "cladmop.model.cladmop",
        "cladmop.model.criteria",
        "cladmop.model.grouping",
        "cladmop.model.fusion",
        "cladmop.model.heads",
        "cladmop.model.losses",
        "cladmop.model.lora",
    ),
    "evaluation": (
        "cladmop.evaluation.metrics",
        "cladmop.evaluation.bootstrap",
        "cladmop.evaluation.compare",
        "cladmop.evaluation.calibration",
        "cladmop.evaluation.folds",
        "cladmop.rivals",
        "cladmop.benchmark.submitted",
        "cladmop.results",
    ),
    "errors": ("cladmop.errors", "cladmop.storage", "cladmop.config"),
}
"""Modules by the page of ``docs/reference`` that documents them."""


def public_names(module: str) -> list[str]:
    """Return what a module offers: its ``__all__``, else the functions and classes that it defines itself."""
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        return list(found.__all__)
    return [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and _has_module(value) and getattr(value, "__module__", "") == module
    ]


def passed_on(module: str) -> list[str]:
    """Return the full names of the constants that a module offers and another one defines, with their docstrings."""
    found = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(found))
    homes = {alias.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    constants = [name for name in public_names(module) if not _has_module(getattr(found, name))]
    return [f"{homes[name]}.{name}" for name in constants if name in homes]


def _has_module(value: object) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value)
