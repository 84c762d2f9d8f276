# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from core.urls import urlpatterns as label_studio_urlpatterns
from django.urls import path

from labeling.server.closing import open_examples, reopen, shut, withdraw
from labeling.server.views import enter

urlpatterns = [
    path("fulcrum/enter", enter, name="fulcrum-enter"),
    path("fulcrum/withdraw", withdraw, name="fulcrum-withdraw"),
    path("fulcrum/reopen", reopen, name="fulcrum-reopen"),
    path("fulcrum/open", open_examples, name="fulcrum-open"),
    path("fulcrum/shut", shut, name="fulcrum-shut"),
    *label_studio_urlpatterns,
]
