"""Drawings as parts of a page."""

from xml.etree import ElementTree

from django.utils.safestring import SafeString

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


def with_named_links(svg: str) -> SafeString:
    """Give each link the words of its mark as its title, which screen readers say and browsers show over it.

    Parameters: `svg` is what Vega drew: it runs nothing, and names in it are text.
    """
    root = ElementTree.fromstring(svg)
    for link in list(root.iter(f"{{{_SVG}}}a")):
        link.set("href", link.attrib.pop(f"{{{_XLINK}}}href"))
        title = ElementTree.Element(f"{{{_SVG}}}title")
        title.text = link[0].get("aria-label")
        link.insert(0, title)
    return SafeString(ElementTree.tostring(root, encoding="unicode"))
