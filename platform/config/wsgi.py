import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.loaded import leave_out_of_collection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Somebody waits for a page, so its statements get less time than those of a worker or a command.
os.environ["FULCRUM_SERVES_PAGES"] = "true"
application = get_wsgi_application()
# All views are imported before the first page is asked for.
get_resolver().url_patterns  # noqa: B018  read for what it loads
leave_out_of_collection()
