"""The README and the pages of ``docs/``: what they show, and where they lead."""

from dataclasses import dataclass
from pathlib import Path
import re


ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE_NAME = re.compile(r"# (\w+\.(?:py|yaml))\n")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: File name of the page that shows it.
        language: Such as ``console``.
        text: Its lines.
    """

    page: str
    language: str
    text: str

    @property
    def file_name(self):
        """What a reader saves it as: its first line, if that is a comment with a name."""
        found = _FILE_NAME.match(self.text)
        return found.group(1) if found else None

    @property
    def commands(self):
        """What a reader types."""
        return [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(language):
    """All blocks of one language, page by page."""
    return [
        Block(page.name, language, text)
        for page in PAGES
        for found, text in _BLOCK.findall(page.read_text())
        if found == language
    ]


def commands():
    """Every command that is shown, once, in the order of the pages."""
    return list(dict.fromkeys(command for block in blocks("console") for command in block.commands))


def prose(page):
    """A page without its blocks of code."""
    return _BLOCK.sub("", page.read_text())


def links(page):
    """Where a page leads, pictures among it."""
    return _LINK.findall(prose(page))


def anchors(page):
    """The names by which GitHub finds the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page)))
    return {heading.strip().replace(" ", "-") for heading in plain}
