"""The form of the README and of ``docs/``: what must be short is short, and every link leads somewhere."""

import re

import pytest

from policies.rules import RULES
from tests.pages import PAGES, README, ROOT, anchors, blocks, links, prose


MOST_LINES = 150
# Words of people who have read what a reader has not.
NOT_SAID = re.compile(r"\b(the study|studies|the documents?|a document)\b", re.IGNORECASE)

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_readme_is_read_in_one_go():
    assert len(README.read_text().splitlines()) <= MOST_LINES


@by_page
def test_links_lead_to_files_and_to_headings(page):
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        there = page if not path else page.parent / path
        assert there.is_file(), link
        assert not anchor or anchor in anchors(there), link


def test_every_page_and_every_picture_is_linked():
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page)}
    there = {path.resolve() for path in (ROOT / "docs").iterdir() if path.is_file()}
    assert sorted(path.name for path in there - linked) == []


@by_page
def test_page_begins_with_a_title_and_whom_it_is_for(page):
    title, first, *_ = page.read_text().split("\n\n")
    assert title.startswith("# ")
    assert "\n" not in title
    assert re.match(r"For |It is for |A multi-exit", first), first
    assert re.search(r"\bfor (people|whoever|whom|anybody|sceptics)\b", first, re.IGNORECASE), first


@by_page
def test_pages_name_their_sources(page):
    assert NOT_SAID.findall(prose(page)) == []


@by_page
def test_code_says_how_it_is_run(page):
    """A block without a language would be run by nobody."""
    fences = re.findall(r"^```(\w*)$", page.read_text(), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert set(fences[::2]) <= {"console", "python", "yaml", "text", "mermaid"}
    assert set(fences[1::2]) <= {""}


def test_every_python_block_is_a_file():
    assert [block for block in blocks("python") if block.file_name is None] == []


def test_every_rule_has_its_row():
    rows = re.findall(r"^\| `([\w-]+)` \|", (ROOT / "docs" / "rules.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(RULES)
