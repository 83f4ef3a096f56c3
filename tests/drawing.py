"""The drawing of the rooms: what is in ``docs/architecture.md``, read from the folders and the imports.

``python -m tests.drawing`` writes it anew.
"""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import networkx as nx


ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by python -m tests.drawing -->", "<!-- end of the drawing -->"
PACKAGES = ("policies", "trainables", "spaces", "search")


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


@cache
def import_statements(path):
    """Every import of a file, wherever it is: the module that names are taken from, or None, and the names.

    Kept without their syntax trees, which are some millions of objects.
    """
    return tuple(
        (getattr(node, "module", None), tuple(alias.name for alias in node.names))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module)
    )


def modules():
    """Every module of the packages with its file."""
    found = {}
    for package in PACKAGES:
        for path in sources(package):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports_of(path, known):
    """The modules of the packages that a file imports, wherever it does."""
    found = set()
    for module, names in import_statements(path):
        for name in names:
            full = f"{module}.{name}" if module else name
            found |= {full if full in known else module} & known.keys()
    return found


@cache
def arrows():
    """By folder: which of its rooms (folders and files) imports which other, as pairs."""
    known, found = modules(), defaultdict(set)
    for name, path in known.items():
        for other in imports_of(path, known) - {name}:
            one, two = name.split("."), other.split(".")
            depth = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
            if depth is not None:
                found[".".join(one[:depth])].add((one[depth], two[depth]))
    return dict(found)


@cache
def rooms_of(package):
    """The rooms of a package with the first line of their docstrings."""
    found = {}
    for path in sorted((ROOT / package).iterdir()):
        file = path / "__init__.py" if path.is_dir() else path
        if file.is_file() and file.suffix == ".py" and path.name not in ("__init__.py", "__pycache__"):
            found[path.stem] = (ast.get_docstring(ast.parse(file.read_text())) or "").splitlines()[0]
    return found


def n_files(package, room):
    path = ROOT / package / room
    return len(list(path.rglob("*.py"))) if path.is_dir() else 1


def drawing():
    """The generated part of the page."""
    parts = [BEGIN, ""]
    found = arrows()
    for package in PACKAGES:
        rooms = rooms_of(package)
        graph = nx.DiGraph()
        graph.add_nodes_from(rooms)
        graph.add_edges_from(found.get(package, ()))
        parts += [f"### {package}", "", "```mermaid", "flowchart RL"]
        parts += [f"    {a} --> {b}" for a, b in sorted(nx.transitive_reduction(graph).edges)]
        parts += ["```", "", "| room | files | what it is for | imports |", "| --- | --- | --- | --- |"]
        for room in nx.lexicographical_topological_sort(graph.reverse()):
            to = ", ".join(sorted(graph.successors(room)))
            parts.append(f"| `{room}` | {n_files(package, room)} | {rooms[room]} | {to} |")
        parts.append("")
    return "\n".join([*parts, END])


def drawn_page(text):
    """The page with its drawing made anew."""
    before, rest = text.split(BEGIN)
    return before + drawing() + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(drawn_page(PAGE.read_text()))
