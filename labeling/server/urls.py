from core.urls import urlpatterns as label_studio_urlpatterns
from django.urls import path, re_path

from labeling.server.entry import enter, leave, prove
from labeling.server.pages import script
from labeling.server.projects import list_examples, reopen, set_overlap, shut, withdraw

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
