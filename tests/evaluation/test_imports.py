"""Evaluation loads its heavy libraries on use, not on import."""

import subprocess
import sys


def test_import_is_light():
    modules = ("tables", "plots", "compare", "folds", "calibration", "scores")
    heavy = ("sklearn", "scipy", "matplotlib", "polars", "torch")
    code = (
        "import sys\n"
        + "".join(f"import cladmop.evaluation.{name}\n" for name in modules)
        + f"import cladmop.report, cladmop.rivals\nassert not set({heavy}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
