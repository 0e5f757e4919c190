"""Print what pyproject.toml supports at least: a constraints file for pip, or with --pythons the versions of Python."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
if "--pythons" in sys.argv:
    lines = [it.rpartition(" ")[2] for it in project["classifiers"] if re.search(r":: 3\.\d+$", it)]
else:
    extras = project["optional-dependencies"]
    requirements = [
        *project["dependencies"],
        *(it for name in extras if name not in {"dev", "docs", "mutation"} for it in extras[name]),
    ]
    floors = (re.match(r"([\w.-]+)>=([\w.]+)", requirement) for requirement in requirements)
    lines = sorted({f"{floor[1]}=={floor[2]}" for floor in floors if floor})
sys.stdout.write("".join(f"{line}\n" for line in lines))
