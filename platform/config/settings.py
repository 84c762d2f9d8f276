"""All settings, read from the environment by typed readers. Documented in docs/settings.md."""

from datetime import timedelta
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
IS_HTTPS = URL.startswith("https://")
ALLOWED_HOSTS = env.hosts("FULCRUM_ALLOWED_HOSTS", urlsplit(URL).hostname or "127.0.0.1")
CSRF_TRUSTED_ORIGINS = [URL]
PROXIES = env.number("FULCRUM_PROXIES", 0)

INSTALLED_APPS = [
    "accounts",  # first: its changepassword goes before Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "pgtrigger",
    "notices",
    "budgets",
    "connections",
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
    "csp.middleware.CSPMiddleware",
    "web.http.middleware.MoreHeaders",
    "web.http.middleware.CompressText",
    "web.http.middleware.RefuseCrossSite",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.http.middleware.DatabaseLimitPages",
    "axes.middleware.AxesMiddleware",  # last: it puts its answer in the place of the sign-in page's
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
# Set by config.wsgi; nobody waits for workers and commands.
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
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# Browsers ignore ports when they send cookies, so Label Studio on the same host would overwrite Django's names.
SESSION_COOKIE_NAME = "fulcrum_session"
CSRF_COOKIE_NAME = "fulcrum_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None

# What browsers are told
SECURE_HSTS_SECONDS = env.number("FULCRUM_HSTS_SECONDS", 365 * 24 * 3600) if IS_HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Sign-in: wrong tries are counted by account and address together, so that nobody can lock others out from elsewhere.
AXES_FAILURE_LIMIT = env.number("FULCRUM_SIGN_IN_TRIES", 5, minimum=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.number("FULCRUM_SIGN_IN_WAIT_MINUTES", 15, minimum=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "web.views.accounts.locked_out"
AXES_USERNAME_FORM_FIELD = "username"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False

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
CHARTS_DIR = DATA_DIR / "charts"

# Data
MAX_IMPORT_BYTES = env.number("FULCRUM_MAX_IMPORT_MB", 32, minimum=1) * 1024 * 1024
DIRECT_IMPORT_BYTES = env.number("FULCRUM_DIRECT_IMPORT_KB", 2048) * 1024
MAX_IMPORT_ROWS = env.number("FULCRUM_MAX_IMPORT_ROWS", 200_000, minimum=1)

KEEP_DRAFT_DAYS = env.number("FULCRUM_KEEP_DRAFT_DAYS", 7, minimum=1)

# Label Studio
LABEL_STUDIO_URL = env.url("LABEL_STUDIO_URL", "", schemes=("http", "https")).rstrip("/")
LABEL_STUDIO_API_TOKEN = env.text("LABEL_STUDIO_API_TOKEN", "")
# Label leads there by a form that is redirected, which browsers hold against form-action too.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        **{key: ["'self'"] for key in ("script-src", "style-src", "img-src", "connect-src")},
        "form-action": ["'self'", *env.origins(LABEL_STUDIO_URL)],
        **{key: ["'none'"] for key in ("base-uri", "frame-ancestors")},
    }
}
TICKET_KEY = env.text("FULCRUM_TICKET_KEY", "")
TICKET_SECONDS = env.number("FULCRUM_TICKET_SECONDS", 60, minimum=5)
SYNC_SECONDS = env.number("FULCRUM_SYNC_SECONDS", 30, minimum=1)
STOP_SECONDS = env.number("FULCRUM_STOP_SECONDS", 2, minimum=1)
KEPT_OPEN_HOURS = env.number("FULCRUM_KEPT_OPEN_HOURS", 12, minimum=1)

# Runs
RUNS_DIR = DATA_DIR / "runs"
MODEL_CACHE = Path(env.text("FULCRUM_MODEL_CACHE", str(DATA_DIR / "models")))
RUN_CACHE_MB = env.number("FULCRUM_RUN_CACHE_MB", 1024)
RUN_THREADS = env.number("FULCRUM_RUN_THREADS", cores_held(), minimum=1)
RUN_DEVICE = env.device("FULCRUM_RUN_DEVICE", "cpu")
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
TRY_KEEP_SECONDS = env.number("FULCRUM_TRY_KEEP_SECONDS", 300)
TRY_MEMORY_MB = env.number("FULCRUM_TRY_MEMORY_MB", 4096, minimum=256)

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
AUTOPILOT_SECONDS = env.number("FULCRUM_AUTOPILOT_SECONDS", 60, minimum=1)
SYNC_LATE_MINUTES = env.number("FULCRUM_SYNC_LATE_MINUTES", 10, minimum=1)

# Celery: the queue lives in the database unless BROKER_URL names Redis or RabbitMQ.
BROKER_URL = env.url("BROKER_URL", "", schemes=("redis", "rediss", "amqp", "amqps"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpx": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
