"""What a connection can do, in words."""

from connections.models import Connection


def abilities_text(connection: Connection) -> str:
    """One sentence on the last self-test."""
    found = connection.abilities
    if connection.tested_at is None:
        return "Not tested yet."
    if not found.get("answers"):
        return f"The self-test failed: {found.get('error') or 'no answer came'}."
    can = {
        "log-probabilities": found.get("alternatives"),
        "structured output": found.get("structured"),
        "a seed": found.get("seed"),
        "usage": found.get("usage"),
    }
    has = ", ".join(name for name, value in can.items() if value)
    lacks = ", ".join(name for name, value in can.items() if not value)
    return " ".join(
        filter(None, ("It answers.", f"It has {has}." if has else "", f"It lacks {lacks}." if lacks else ""))
    )
