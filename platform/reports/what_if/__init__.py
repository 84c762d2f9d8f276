"""What students would have cost at other prices of labels and of tokens, and which source is then the cheapest."""

from reports.what_if.sources import SourceLine, StudentSource, WhatIf, what_if

__all__ = ["SourceLine", "StudentSource", "WhatIf", "what_if"]
