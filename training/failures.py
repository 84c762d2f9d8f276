"""The one error family that ends a run for good; its members stand beside the functions that raise them."""


class PermanentFailure(Exception):
    """A run cannot succeed however often it is tried again: its spec, data or model must change first."""
