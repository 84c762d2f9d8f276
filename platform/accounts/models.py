"""People, their roles, and the record of what they changed."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.append_only import AppendOnly


class Role(models.TextChoices):
    ANNOTATOR = "annotator", "Annotator"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Admin"


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    email = models.EmailField(unique=True, error_messages={"unique": "There is an account with this e-mail already."})
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.ANNOTATOR)
    is_active = models.BooleanField(default=True)
    is_replay = models.BooleanField(
        default=False,
        help_text="Replays known labels for a demonstration; marked so wherever its work shows.",
    )
    wants_mail = models.BooleanField(default=True, help_text="Notices by e-mail, where the role gets notices.")
    sign_out_count = models.PositiveIntegerField(
        default=0, help_text="Raised to end all sessions of this person: each is valid for one count."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_per_email"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_role"),
        ]

    def __str__(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What Django compares at each request; another value ends the session."""
        return salted_hmac(
            "accounts.models.User.session", f"{self.password}:{self.sign_out_count}", secret=secret, algorithm="sha256"
        ).hexdigest()


class AuditEncoder(DjangoJSONEncoder):
    """Amounts as text, every digit kept and no zero that says nothing."""

    def default(self, o: Any) -> Any:
        return f"{o.normalize():f}" if isinstance(o, Decimal) else super().default(o)


class AuditRecord(AppendOnly):
    """Who changed what, from what to what. Written in the transaction of the change itself, by `accounts.audit`."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="None: Fulcrum.")
    actor_email = models.EmailField(blank=True, help_text="As it was then.")
    action = models.CharField(max_length=40, help_text="What was done, such as price.set or run.cancel.")
    subject = models.CharField(max_length=300, help_text="What it was done to, in words.")
    subject_type = models.CharField(max_length=20, help_text="The first word of the action; says what the id counts.")
    subject_id = models.PositiveBigIntegerField(null=True)
    budget_id = models.PositiveBigIntegerField(null=True, help_text="Tells whose study it belongs to.")
    before = models.JSONField(default=dict, encoder=AuditEncoder)
    after = models.JSONField(default=dict, encoder=AuditEncoder)

    class Meta(AppendOnly.Meta):
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_latest"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
            models.Index(fields=["budget_id", "-at"], name="audit_by_budget"),
            models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_by_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(actor__isnull=True, actor_email="")
                | models.Q(actor__isnull=False, actor_email__gt=""),
                name="audit_names_its_actor",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @property
    def who(self) -> str:
        return self.actor_email or "Fulcrum"

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """Name, value before and value after; None where there was none, or is none any more."""
        return [(name, self.before.get(name), self.after.get(name)) for name in {**self.before, **self.after}]
