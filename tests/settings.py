"""Production's settings with quick passwords; everything else is what users run."""

from config.settings import *  # noqa: F403  # settings modules are extended by star

PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
