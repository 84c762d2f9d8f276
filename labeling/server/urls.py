# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from core.urls import urlpatterns as label_studio_urlpatterns
from django.urls import path, re_path

from labeling.server.closing import reopen, shut, withdraw
from labeling.server.overlap import list_examples, set_overlap
from labeling.server.pages import script
from labeling.server.proving import prove
from labeling.server.views import enter, leave

urlpatterns = [
    path("fulcrum/enter", enter, name="fulcrum-enter"),
    path("fulcrum/prove", prove, name="fulcrum-prove"),
    path("fulcrum/annotator.js", script, name="fulcrum-script"),
    path("fulcrum/withdraw", withdraw, name="fulcrum-withdraw"),
    path("fulcrum/reopen", reopen, name="fulcrum-reopen"),
    path("fulcrum/examples", list_examples, name="fulcrum-examples"),
    path("fulcrum/overlap", set_overlap, name="fulcrum-overlap"),
    path("fulcrum/shut", shut, name="fulcrum-shut"),
    # Before Label Studio's own, which knows nothing of Fulcrum's session.
    re_path("^logout/?$", leave, name="logout"),
    *label_studio_urlpatterns,
]
