"""What every view needs of a request and an answer."""

from web.http.downloads import download, drawing, stream, unreadable
from web.http.problems import SHOWN, carry_out, carry_out_or_say, explain, in_words, is_as_shown, is_same, submitted
from web.http.requests import linked, page_of, person, study_of

__all__ = [
    "SHOWN",
    "carry_out",
    "carry_out_or_say",
    "download",
    "drawing",
    "explain",
    "in_words",
    "is_as_shown",
    "is_same",
    "linked",
    "page_of",
    "person",
    "stream",
    "study_of",
    "submitted",
    "unreadable",
]
