"""The page of a search, ``report.html``: one file that needs no network, with the verdict first."""
