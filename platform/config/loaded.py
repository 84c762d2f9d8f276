"""What a long-lived process has loaded before its work begins."""

import gc


def leave_out_of_collection() -> None:
    """Leave all objects that are there by now out of garbage collection.

    A full collection of all that is imported takes as long as a page, and in forked processes it copies their memory.
    """
    gc.collect()
    gc.freeze()
