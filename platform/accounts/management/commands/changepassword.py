"""Django's own command, which also leaves its line in the audit trail."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.db import transaction

from accounts.models import User
from accounts.operations import note_new_password


class Command(changepassword.Command):
    help = "Set a new password for a person."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> str:
        done = str(super().handle(*args, **options))
        note_new_password(person=User.objects.get(email=options["username"]))
        return done
