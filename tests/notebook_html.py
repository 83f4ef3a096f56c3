"""What objects show in a notebook, read as a browser would: tags must be closed, scripts must not be there."""

from html.parser import HTMLParser


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.texts, self.rows, self.headings, self.sentence = [], [], [], [], None

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "iframe"), tag
        self.open.append(tag)
        if tag == "tr" and "tbody" in self.open:
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        if tag == "th":
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open[-1:] == ["td"]:
            self.rows[-1][-1] += data
        if self.open[-1:] == ["th"]:
            self.headings[-1] += data
        if self.open[-1:] == ["strong"] and self.sentence is None:
            self.sentence = data

    @property
    def text(self):
        return "\n".join(self.texts)


def read_html(text):
    """The first sentence, the headings, the rows and all text of a whole piece of HTML."""
    page = _Page()
    page.feed(str(text))
    page.close()
    assert page.open == []
    return page
