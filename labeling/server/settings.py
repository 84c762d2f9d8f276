# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Label Studio's settings with ours on top: DJANGO_SETTINGS_MODULE=labeling.server.settings."""
# ruff: noqa: F403, F405  # Label Studio's settings read the environment while they load, in this order.

import os

# Label Studio wants two PostgreSQL extensions only to search inside results, which Fulcrum never does there.
# Its own switches leave them out, so that any PostgreSQL will do.
os.environ.setdefault("SKIP_TRIGRAM_EXTENSION", "full")
os.environ.setdefault("SKIP_BTREE_GIN_EXTENSION", "full")
# A person who leaves an example open would keep it from everybody for a day.
os.environ.setdefault("LABEL_STUDIO_TASK_LOCK_TTL", "3600")

from label_studio.core.settings.base import *

# isort: split
# After base: Label Studio reads django.conf.settings while this one loads.
from label_studio.core.settings.label_studio import *

FULCRUM_URL = os.environ["FULCRUM_URL"].rstrip("/")
FULCRUM_TICKET_KEY = os.environ["FULCRUM_TICKET_KEY"]
if len(FULCRUM_TICKET_KEY) < 16:
    raise ValueError("FULCRUM_TICKET_KEY is too short: give at least 16 characters, the same as Fulcrum's own.")

# Browsers ignore ports when they send cookies, so Django's own names would overwrite Fulcrum's on the same host.
SESSION_COOKIE_NAME = "ls_session"
CSRF_COOKIE_NAME = "ls_csrf"
LOGOUT_REDIRECT_URL = FULCRUM_URL
USER_MIXIN = "labeling.server.mixins.UserMixin"

INSTALLED_APPS = [*INSTALLED_APPS, "labeling.server"]
ROOT_URLCONF = "labeling.server.urls"
MIDDLEWARE = [
    "labeling.server.framing.OnlyFulcrumMayFrame",
    *MIDDLEWARE,
    "labeling.server.guard.AnnotatorGuard",
]
