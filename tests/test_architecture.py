"""The house rules that a tool can check: arrows point one way, nothing is typed that should not be."""

import re

import networkx as nx
import pytest

from tests.drawing import PACKAGES, PAGE, ROOT, arrows, drawing, import_statements, rooms_of, sources


ALLOWED = {
    "policies": {"policies"},
    "spaces": {"spaces"},
    "trainables": {"trainables", "policies"},
    "search": {"search", "trainables", "policies", "spaces"},
}
FORBIDDEN_LIBRARIES = {
    "policies": {"ray", "optuna", "mlflow", "torch"},
    "spaces": {"ray", "optuna", "mlflow", "torch"},
    "trainables": {"optuna", "mlflow", "deap"},
}
# Libraries that one room may import though its package may not.
EXCEPTIONS = {"policies/runtime": {"torch"}}
# A room may import those before it, never those after it.
ORDER = {
    "policies": """
        errors extras names html blocks spacing user_code registry options files pooling tables matching calibration
        parents views rules levels policy outline runtime qualities judging evaluation explorer metrics certificates
        monitoring goals tasks baselines estimates evolution multilabel_notes transfer selection
    """,
    "trainables": """
        errors augmentation data models losses recipes weights tasks workloads export teachers training routing
        trials multi_exit
    """,
    "spaces": "dimensions base self_distillation distillation audio darts detection multilabel",
    "search": """
        errors messages loading redaction console_table config run_folder cluster sharing inputs trials tracking serving
        analysis teaching validity finalists figures preflight tuning reporting page live control table_search
        tabulation sweep session start export derivation routing prediction bench watching cli __main__ run
    """,
}
MOST_FILES = 16


def imported(path):
    """Top-level names of everything that a file imports, wherever it does."""
    return {name.split(".")[0] for module, names in import_statements(path) for name in ([module] if module else names)}


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_those_before_them_only(package):
    order = ORDER[package].split()
    assert sorted(order) == sorted(rooms_of(package))
    backwards = [(one, other) for one, other in arrows()[package] if order.index(one) < order.index(other)]
    assert backwards == []


def test_no_folder_has_a_circle():
    for folder, pairs in arrows().items():
        assert nx.is_directed_acyclic_graph(nx.DiGraph(list(pairs))), (folder, nx.find_cycle(nx.DiGraph(list(pairs))))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_is_full(package):
    for folder in {path.parent for path in sources(package)}:
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder


def test_the_drawing_is_true():
    assert drawing() in PAGE.read_text(), "python -m tests.drawing writes it anew"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package):
    for path in sources(package):
        found = imported(path)
        assert not found & set(PACKAGES) - ALLOWED[package], path
        allowed = EXCEPTIONS.get("/".join(path.relative_to(ROOT).parts[:2]), set())
        assert not found & FORBIDDEN_LIBRARIES.get(package, set()) - allowed, path


def test_all_packages_are_distributed():
    """Of folders without ``__init__.py`` setuptools would take nothing."""
    for package in PACKAGES:
        for path in sources(package):
            assert (path.parent / "__init__.py").is_file(), path


def test_requirements_are_plain_pins_without_addresses():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert re.fullmatch(r"[a-z0-9._-]+==[^ ;@/]+( ; [^@/]+)?", line), line
