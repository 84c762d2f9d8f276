import os

from django.core.wsgi import get_wsgi_application

from config.loaded import leave_out_of_collection, load_everything

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Somebody waits for a page, so its statements get less time than those of a worker or a command.
os.environ["FULCRUM_SERVES_PAGES"] = "true"
application = get_wsgi_application()
load_everything()
leave_out_of_collection()
