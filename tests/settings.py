"""Production's settings with quick passwords; everything else is what users run."""

from config.settings import *  # noqa: F403  # settings modules are extended by star

# A test that commits empties every table afterwards; nobody else may empty those that are written once.
_options = DATABASES["default"].setdefault("OPTIONS", {})  # noqa: F405 -- as above
_options["options"] = f"{_options.get('options', '')} -c fulcrum.may_truncate=on".strip()
# Pages in this process need no collected files; the served ones, in processes of their own, have production's.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]  # noqa: F405
PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
# A test that tries a model leaves none loaded behind.
TRY_KEEP_SECONDS = 0
