# Also named with `-p` by `manage.py test`, so that it is there before the settings are read; here for its fixtures.
pytest_plugins = ["tests.services"]
