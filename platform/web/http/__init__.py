"""What every view needs of a request and an answer."""

from web.http.downloads import download
from web.http.drawings import drawing
from web.http.paging import page_of
from web.http.people import person
from web.http.problems import carry_out, carry_out_or_say, explain, in_words

__all__ = [
    "carry_out",
    "carry_out_or_say",
    "download",
    "drawing",
    "explain",
    "in_words",
    "page_of",
    "person",
]
