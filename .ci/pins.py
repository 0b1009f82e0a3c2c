"""Print what constraints.txt or constraints-lowest.txt pins: ``python .ci/pins.py exact > constraints.txt``.

``exact`` takes the versions of this environment: of the extras below and of all that they need. ``lowest`` takes the
lower bounds that pyproject.toml declares; what those need is left to pip.
"""

import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXACT = ("nn", "plots", "serve", "similar", "documents", "ray", "cloud", "corpus", "benchmark", "docs", "dev")
LOWEST = ("nn", "plots", "serve", "similar", "documents", "corpus", "benchmark")
HEADS = {
    "exact": f"""\
# Exact versions of everything that these extras may install; `make` uses them, so that two machines run the same code:
# {", ".join(EXACT)}.
# pyproject.toml states what cladmop needs at least. Each of these versions serves Python 3.11, 3.12 and 3.13.
# torch stands without a build suffix: a machine that offers a CPU-only build takes that, others the build for GPUs.
# Written by: python .ci/pins.py exact > constraints.txt""",
    "lowest": f"""\
# The lower bounds that pyproject.toml declares for the core and {", ".join(LOWEST)}.
# `.ci/packaging lowest` installs and tries them. Written by: python .ci/pins.py lowest > constraints-lowest.txt""",
}


def declared(extras: tuple[str, ...]) -> list[Requirement]:
    """Return what the core and these extras ask for."""
    lines = [*PROJECT["dependencies"], *(line for name in extras for line in PROJECT["optional-dependencies"][name])]
    return [Requirement(line) for line in lines]


def exact() -> list[str]:
    """Return a pin of each package that the extras reach in this environment."""
    found: dict[str, str] = {}
    waiting = declared(EXACT)
    seen = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        found[name] = f"{name}=={version(name).partition('+')[0]}"
        needs = map(Requirement, distribution(name).requires or [])
        waiting += [one for one in needs if _applies(one, wanted.extras)]
    return list(found.values())


def _applies(need: Requirement, extras: set[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def lowest() -> list[str]:
    """Return a pin of each lower bound."""
    bounds = []
    for one in declared(LOWEST):
        (bound,) = (part.version for part in one.specifier if part.operator == ">=")
        bounds.append(f"{one.name}=={bound}")
    return bounds


if __name__ == "__main__":
    which = sys.argv[1]
    pins = sorted({"exact": exact, "lowest": lowest}[which](), key=str.lower)
    print("\n".join([HEADS[which], *pins]))
