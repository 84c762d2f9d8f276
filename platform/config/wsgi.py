import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Somebody waits for a page, so its statements get less time than those of a worker or a command.
os.environ["FULCRUM_SERVES_PAGES"] = "true"
application = get_wsgi_application()
