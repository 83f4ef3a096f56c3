"""The page about the sweep file is that of the fields, and every field says what it means."""

from pathlib import Path

import pytest

from search.config.reference import sweep_file_page
from search.config.section import inner_section
from search.config.sweep import SweepConfig, known_keys


PAGE = Path(__file__).parents[3] / "docs" / "sweep-file.md"


def fields_of(section, place=""):
    for name, field in section.model_fields.items():
        yield f"{place}{name}", field
        inner = inner_section(field)
        if inner is not None:
            yield from fields_of(inner, f"{place}{name}.")


FIELDS = dict(fields_of(SweepConfig))


def test_the_page_is_written_anew_whenever_a_field_changes():
    assert PAGE.read_text() == sweep_file_page(), "run: python -m search.config.reference > docs/sweep-file.md"


@pytest.mark.parametrize("key", FIELDS)
def test_every_field_says_what_it_means_in_sentences(key):
    text = FIELDS[key].description
    assert text, f"{key} has no description"
    assert text[0].isupper() and text.endswith(".")
    assert not {"document", "study"} & set(text.lower().split())


def test_every_key_has_a_row():
    assert set(known_keys()) <= set(FIELDS)
    page = sweep_file_page()
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert rows == {key.rsplit(".", 1)[-1] for key in FIELDS}


@pytest.mark.parametrize(
    "row",
    [
        "| `target` | number, above 0 and at most 1, or null | `0.95` | ",
        "| `sampler` | `tpe`, `nsga2`, `gp` or `random` | `tpe` | ",
        "| `rules` | list of texts, at least 1 long | `[confidence, ensemble, mixture]` | ",
        "| `bounds` | mapping of names to numbers | `{}` | ",
        "| `population` | whole number, at least 4, at most 10,000 and a multiple of 4 | `96` | ",
        "| `augment` | true or false | `true` | ",
        "| `runs_dir` | path | `runs` | ",
        "| `name` | text, at most 40 long, as `^[a-z][a-z0-9_]*$` | none: must be given | ",
    ],
)
def test_rows_tell_type_range_and_default(row):
    assert f"\n{row}" in sweep_file_page()


@pytest.mark.parametrize("heading", ["Top level", "`data.audio`", "`teachers[]`", "`search.first_trials[]`"])
def test_sections_within_sections_have_tables_of_their_own(heading):
    assert f"\n## {heading}\n" in sweep_file_page()
