"""Pages in a real browser."""

from contextlib import contextmanager
from functools import cache
import shutil

import pytest


@cache
def _browser():
    pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    # Ends with the process, as the browser does.
    playwright = sync_playwright().start()
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@contextmanager
def open_page(path_or_url, *, width=1400, height=900, dark=False, scripts=True):
    """A page that was opened in Chromium, launched once; the test is skipped where there is none."""
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium")
    url = f"file://{path_or_url}" if str(path_or_url).startswith("/") else path_or_url
    scheme = "dark" if dark else "light"
    size = {"width": width, "height": height}
    page = _browser().new_page(viewport=size, color_scheme=scheme, java_script_enabled=scripts)
    # A guard against hanging alone: half a minute is not enough where the machine is busy.
    page.set_default_timeout(300_000)
    try:
        page.goto(str(url))
        yield page
    finally:
        page.close()
