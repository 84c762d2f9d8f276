# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from core.urls import urlpatterns as label_studio_urlpatterns
from django.urls import path

from labeling.server.views import enter

urlpatterns = [path("fulcrum/enter", enter, name="fulcrum-enter"), *label_studio_urlpatterns]
