"""The web server: `python -m embedded.web config.wsgi:application --bind 127.0.0.1:8000`.

Needs waitress only, and no Django: it serves Label Studio too, in Label Studio's own virtual environment.
"""

from embedded.web.server import main

__all__ = ["main"]
