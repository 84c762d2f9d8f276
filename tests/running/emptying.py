"""Tables emptied after a test that commits: rows are deleted, a thirtieth of PostgreSQL's work for truncating."""

from typing import Any

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper


def allow_emptying(*, url: str) -> None:
    """Let the application's role delete what triggers guard. `url` is a superuser's."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("grant set on parameter session_replication_role to fulcrum")


def deletions(style: Any, connection: DatabaseWrapper, **_: Any) -> list[str]:
    """What Django's `flush` shall execute, in one transaction: like truncating, it waits for whoever writes."""
    tables = [
        connection.ops.quote_name(name)
        for name in connection.introspection.django_table_names(only_existing=True, include_views=False)
    ]
    return [
        f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE",
        # A replica fires no trigger, neither ours nor those of references, whose both ends go.
        "SET LOCAL session_replication_role = replica",
        *(f"DELETE FROM {table}" for table in tables),
    ]
