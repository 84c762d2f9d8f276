"""Rows that are written once. The database refuses changes by triggers; the model says so earlier and clearer."""

from typing import Any, NoReturn

import pgtrigger
from django.db import models


class AppendOnlyViolation(TypeError):
    """Rows written once are never changed or deleted; a correction is a new row that names the old one."""


class AppendOnly(models.Model):
    class Meta:
        abstract = True
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="never_emptied",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'Cannot empty table %', TG_TABLE_NAME;",
                condition=pgtrigger.Condition("current_setting('fulcrum.may_truncate', true) IS DISTINCT FROM 'on'"),
            ),
        ]

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyViolation(f"{self!r} is written; enter a reversal or a new row instead.")
        super().save(**kwargs)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnlyViolation(f"{self!r} is written and cannot be deleted; enter a reversal instead.")
