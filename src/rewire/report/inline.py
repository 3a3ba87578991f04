"""A saved figure as a piece of the page: SVG that follows the page's colours, or a PNG where that is smaller."""

import base64
import re
from pathlib import Path

from markupsafe import Markup, escape

from rewire.figures.figure import Files
from rewire.figures.style import GRID, INK, MUTED, PAPER, SERIES, SERIES_ON_DARK

LARGE = 250_000  # bytes; a drawing of this many points is better sent as pixels

_LIGHT = {"ink": INK, "muted": MUTED, "grid": GRID, "panel": PAPER}
_DARK = {"ink": "#e6e9ed", "muted": "#9aa4b0", "grid": "#343b45", "panel": "#171b21"}


def palette(dark: bool = False) -> dict[str, str]:
    """The page's CSS variables for the house style's colours, name → colour."""
    base, series = (_DARK, SERIES_ON_DARK) if dark else (_LIGHT, SERIES)
    return {**base, **{f"series-{i}": colour for i, colour in enumerate(series)}}


def picture(files: Files, title: str, prefix: str) -> Markup:
    """The figure as HTML: its SVG, or an <img> where the SVG holds pixels or very many points and the PNG is smaller.

    `title` is what a screen reader says; `prefix` keeps the ids of several figures on one page apart.
    """
    svg = files.svg.read_text(encoding="utf-8")
    pixels = files.png.stat().st_size * 4 // 3
    if pixels < len(svg) and ("<image" in svg or len(svg) > LARGE):
        return Markup('<img class="paper" src="{}" alt="{}">').format(data_uri(files.png, "image/png"), title)
    return Markup(themed(svg, title, prefix))


def themed(svg: str, title: str, prefix: str) -> str:
    """A matplotlib SVG made fit for a page: no prologue, metadata, fixed size or global style; own ids; CSS colours."""
    body = svg[svg.index("<svg") :]
    for clutter in (r"<metadata>.*?</metadata>", r"<title>.*?</title>", r"<style[^>]*>.*?</style>"):
        body = re.sub(clutter, "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', body)
    body = re.sub(r'href="#([^"]*)"', rf'href="#{prefix}-\1"', body)
    body = body.replace("url(#", f"url(#{prefix}-")
    for name, colour in palette().items():
        body = re.sub(rf"(fill|stroke): {colour}\b", rf"\1: var(--{name})", body)
    return re.sub(r"<svg[^>]*>", lambda tag: _opening(tag[0], title), body, count=1)


def _opening(tag: str, title: str) -> str:
    found = re.search(r'viewBox="([^"]*)"', tag)
    box = found[1] if found else "0 0 389 245"
    width = float(box.split()[2])
    size = f'viewBox="{box}" style="--natural: {width:.0f}px"'
    return f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {size} role="img" aria-label="{escape(title)}">'


def data_uri(path: Path, media: str) -> str:
    """A file as a data: link, so that the page carries it."""
    return f"data:{media};base64,{base64.b64encode(path.read_bytes()).decode()}"
