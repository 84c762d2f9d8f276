"""Drawings as parts of a page."""

from collections.abc import Iterator
from xml.etree import ElementTree

from django.utils.safestring import SafeString

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


def with_marks(svg: str) -> SafeString:
    """Make each mark that speaks one that a keyboard reaches, with its words as its title, which browsers show over it.

    A mark that leads on is a link; any other one is a picture by itself.
    Parameters: `svg` is what Vega drew: it runs nothing, and names in it are text.
    """
    root = ElementTree.fromstring(svg)
    linked = list(root.iter(f"{{{_SVG}}}a"))
    inside = {id(mark) for link in linked for mark in link}
    for link in linked:
        link.set("href", link.attrib.pop(f"{{{_XLINK}}}href"))
        _name(link, link[0].get("aria-label"))
    for mark in list(_speaking(root)):
        if id(mark) not in inside:
            mark.set("role", "img")
            mark.set("tabindex", "0")
            _name(mark, mark.get("aria-label"))
    return SafeString(ElementTree.tostring(root, encoding="unicode"))


def _speaking(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Marks with words: what draws axes and legends has its words on groups."""
    return (one for one in root.iter(f"{{{_SVG}}}path") if one.get("aria-label"))


def _name(mark: ElementTree.Element, words: str | None) -> None:
    mark.set("class", "spoken")
    title = ElementTree.Element(f"{{{_SVG}}}title")
    title.text = words
    mark.insert(0, title)
