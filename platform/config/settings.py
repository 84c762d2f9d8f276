"""All settings, read from the environment by typed readers. Documented in docs/settings.md."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from config import database_limits, env
from config.cores import cores_held

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = Path(env.text("FULCRUM_DATA_DIR", str(ROOT / "var"))).resolve()

SECRET_KEY = env.text("FULCRUM_SECRET_KEY")
DEBUG = env.flag("FULCRUM_DEBUG")
URL = env.url("FULCRUM_URL", "http://127.0.0.1:8000", schemes=("http", "https")).rstrip("/")
ALLOWED_HOSTS = env.text("FULCRUM_ALLOWED_HOSTS", urlsplit(URL).hostname or "127.0.0.1").split(",")
CSRF_TRUSTED_ORIGINS = [URL]

INSTALLED_APPS = [
    "accounts",  # first: its changepassword goes before Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "pgtrigger",
    "notices",
    "budgets",
    "studies",
    "labeling",
    "runs",
    "reports",
    "web",
    "demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.database_limits.DatabaseLimitPages",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.navigation.navigation",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **environ.Env.db_url_config(
            env.url("DATABASE_URL", "", schemes=("postgres", "postgresql")) or "postgresql://@/fulcrum"
        ),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
PAGE_DATABASE_LIMITS = database_limits.read("FULCRUM_PAGE_DATABASE_SECONDS", (60, 10, 300))
TASK_DATABASE_LIMITS = database_limits.read("FULCRUM_TASK_DATABASE_SECONDS", (3600, 60, 3600))
# config.wsgi says so; workers and commands are not asked by somebody who waits.
_LIMITS = PAGE_DATABASE_LIMITS if env.flag("FULCRUM_SERVES_PAGES") else TASK_DATABASE_LIMITS
_OPTIONS: dict[str, Any] = DATABASES["default"].setdefault("OPTIONS", {})
_OPTIONS["options"] = f"{_LIMITS.options()} {_OPTIONS.get('options', '')}".strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# Browsers ignore ports when they send cookies, so Label Studio on the same host would overwrite Django's names.
SESSION_COOKIE_NAME = "fulcrum_session"
CSRF_COOKIE_NAME = "fulcrum_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600

# Data
MAX_IMPORT_BYTES = env.number("FULCRUM_MAX_IMPORT_MB", 32, minimum=1) * 1024 * 1024
MAX_IMPORT_ROWS = env.number("FULCRUM_MAX_IMPORT_ROWS", 200_000, minimum=1)

KEEP_DRAFT_DAYS = env.number("FULCRUM_KEEP_DRAFT_DAYS", 7, minimum=1)

# Label Studio
LABEL_STUDIO_URL = env.url("LABEL_STUDIO_URL", "", schemes=("http", "https")).rstrip("/")
LABEL_STUDIO_API_TOKEN = env.text("LABEL_STUDIO_API_TOKEN", "")
TICKET_KEY = env.text("FULCRUM_TICKET_KEY", "")
TICKET_SECONDS = env.number("FULCRUM_TICKET_SECONDS", 60, minimum=5)
SYNC_SECONDS = env.number("FULCRUM_SYNC_SECONDS", 30, minimum=1)
STOP_SECONDS = env.number("FULCRUM_STOP_SECONDS", 2, minimum=1)
KEPT_OPEN_HOURS = env.number("FULCRUM_KEPT_OPEN_HOURS", 12, minimum=1)

# Runs
RUNS_DIR = DATA_DIR / "runs"
MODEL_CACHE = Path(env.text("FULCRUM_MODEL_CACHE", str(DATA_DIR / "models")))
RUN_THREADS = env.number("FULCRUM_RUN_THREADS", cores_held(), minimum=1)
RUN_DEVICE = env.text("FULCRUM_RUN_DEVICE", "cpu")
RUN_MEMORY_GB = env.number("FULCRUM_RUN_MEMORY_GB", 0)
COUNTRY = env.country("FULCRUM_COUNTRY")
READY_TRAINER = env.flag("FULCRUM_READY_TRAINER", default=True)
MIN_FREE_MB = env.number("FULCRUM_MIN_FREE_MB", 512)
# No less: a trainer on another host takes up to five seconds to leave once its worker is gone, after its last beat.
LEASE_SECONDS = env.number("FULCRUM_LEASE_SECONDS", 15, minimum=6)
SWEEP_SECONDS = env.number("FULCRUM_SWEEP_SECONDS", 5, minimum=1)
MAX_ATTEMPTS = env.number("FULCRUM_MAX_ATTEMPTS", 3, minimum=1)
KEEP_FAILED_RUN_DAYS = env.number("FULCRUM_KEEP_FAILED_RUN_DAYS", 30, minimum=1)
TRY_SECONDS = env.number("FULCRUM_TRY_SECONDS", 60, minimum=1)

# Notices
_MAIL: dict[str, Any] = environ.Env.email_url_config(
    env.url("FULCRUM_EMAIL_URL", "consolemail://", schemes=("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail"))
)
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"], _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = f"/{_MAIL['EMAIL_FILE_PATH'].lstrip('/')}"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("FULCRUM_EMAIL_FROM", f"Fulcrum <fulcrum@{urlsplit(URL).hostname}>")
NOTICE_SECONDS = env.number("FULCRUM_NOTICE_SECONDS", 10, minimum=1)
NOTICE_RETRY_SECONDS = env.numbers("FULCRUM_NOTICE_RETRY_SECONDS", (60, 300, 1800, 7200, 43200), minimum=1)
SYNC_LATE_MINUTES = env.number("FULCRUM_SYNC_LATE_MINUTES", 10, minimum=1)

# Celery: the queue lives in the database unless BROKER_URL names Redis or RabbitMQ.
BROKER_URL = env.url("BROKER_URL", "", schemes=("redis", "rediss", "amqp", "amqps"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpx": {"level": "WARNING"}},
}
