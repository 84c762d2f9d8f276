"""The services that one command brings up: PostgreSQL, Label Studio, web and workers. Knows no Django."""


class EmbeddedError(Exception):
    """A set-up or a service failed; the message is one sentence that says how to mend it."""
