"""Second opinions: what a study knows of the errors of its labels, and how many of them could be asked about."""

from reports.opinions.known import Opinions, opinion_places, opinions_of

__all__ = ["Opinions", "opinion_places", "opinions_of"]
