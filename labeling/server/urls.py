# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from core.urls import urlpatterns as label_studio_urlpatterns
from django.urls import path, re_path

from labeling.server.closing import open_examples, reopen, withdraw
from labeling.server.pages import script
from labeling.server.views import enter, leave

urlpatterns = [
    path("fulcrum/enter", enter, name="fulcrum-enter"),
    path("fulcrum/annotator.js", script, name="fulcrum-script"),
    path("fulcrum/withdraw", withdraw, name="fulcrum-withdraw"),
    path("fulcrum/reopen", reopen, name="fulcrum-reopen"),
    path("fulcrum/open", open_examples, name="fulcrum-open"),
    # Before Label Studio's own, which knows nothing of Fulcrum's session.
    re_path("^logout/?$", leave, name="logout"),
    *label_studio_urlpatterns,
]
