"""Production's settings with quick passwords; everything else is what users run."""

from config.settings import *  # noqa: F403  # settings modules are extended by star

# A test that commits empties every table afterwards; nobody else may empty those that are written once.
_options = DATABASES["default"].setdefault("OPTIONS", {})  # noqa: F405 -- as above
_options["options"] = f"{_options.get('options', '')} -c fulcrum.may_truncate=on".strip()
PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
