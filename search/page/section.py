"""A section of the page: what stands there at once, and what scripts draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup


if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        anchor: Name that links lead to, such as ``front``.
        title: Heading.
        html: What stands there, also without scripts. A figure goes where there is
            ``<div class="figure" data-figure="NAME"></div>``.
        figures: Figures by name; colours of text, grid and background are left to the page, which is light or dark.
        data: JSON values for the section's script, which finds them as ``exitsearch.data[anchor]``.
        script: File name in ``template/`` of a script that makes the section answer to clicks; empty for none.
    """

    anchor: str
    title: str
    html: Markup
    figures: Mapping[str, go.Figure] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    script: str = ""
