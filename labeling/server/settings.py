"""Label Studio's settings, overridden by ours: DJANGO_SETTINGS_MODULE=labeling.server.settings."""
# ruff: noqa: F403, F405  # Label Studio's settings read the environment while they load, in this order.

import os

# Label Studio wants two PostgreSQL extensions only to search inside results, which Fulcrum never does there.
# Its own switches leave them out, so that any PostgreSQL will do.
os.environ.setdefault("SKIP_TRIGRAM_EXTENSION", "full")
os.environ.setdefault("SKIP_BTREE_GIN_EXTENSION", "full")
# By default, an example that a person leaves open is locked for a day.
os.environ.setdefault("LABEL_STUDIO_TASK_LOCK_TTL", "3600")

from label_studio.core.settings.base import *

# isort: split
# After base: Label Studio reads django.conf.settings while this one loads.
from label_studio.core.settings.label_studio import *

from labeling.server.environment import host_names, number, text

FULCRUM_URL = text("FULCRUM_URL").rstrip("/")
FULCRUM_TICKET_KEY = text("FULCRUM_TICKET_KEY")
if len(FULCRUM_TICKET_KEY) < 16:
    raise ValueError("FULCRUM_TICKET_KEY is too short: give at least 16 characters, the same as Fulcrum's own.")
# The one account that may do everything here: the owner of Fulcrum's LABEL_STUDIO_API_TOKEN.
FULCRUM_SERVICE_EMAIL = text("FULCRUM_SERVICE_EMAIL").lower()
FULCRUM_ACCESS_SECONDS = number("FULCRUM_ACCESS_SECONDS", 5)
FULCRUM_ACCESS_GRACE_SECONDS = number("FULCRUM_ACCESS_GRACE_SECONDS", 60)
# Where people reach this Label Studio; the same as Fulcrum's setting.
LABEL_STUDIO_URL = text("LABEL_STUDIO_URL").rstrip("/")

if ALLOWED_HOSTS == ["*"]:
    ALLOWED_HOSTS = host_names(LABEL_STUDIO_URL)
CORS_ALLOW_ALL_ORIGINS = False
# Label Studio fetches nothing from the private network; `outbound` lets our own webhook pass.
SSRF_PROTECTION_ENABLED = USE_DEFAULT_BANNED_SUBNETS = ML_BLOCK_LOCAL_IP = True

# In the database, not in the cookie, so that signing out ends a session whoever has the cookie.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Browsers ignore ports when they send cookies, so Django's own names would overwrite Fulcrum's on the same host.
SESSION_COOKIE_NAME = "ls_session"
CSRF_COOKIE_NAME = "ls_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LABEL_STUDIO_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
LOGOUT_REDIRECT_URL = FULCRUM_URL
USER_MIXIN = "labeling.server.mixins.UserMixin"

INSTALLED_APPS = [*INSTALLED_APPS, "labeling.server"]
ROOT_URLCONF = "labeling.server.urls"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_place = MIDDLEWARE.index(_SESSIONS) + 1
MIDDLEWARE = [
    "labeling.server.middleware.OnlyFulcrumMayFrame",
    *MIDDLEWARE[:_place],
    "labeling.server.middleware.SessionsOfSignedIn",
    *MIDDLEWARE[_place:],
    "labeling.server.guard.Guard",
]
