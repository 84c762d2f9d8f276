from django.urls import path

from labeling import views

urlpatterns = [
    path("webhook/<uuid:uid>", endpoints.webhook, name="labeling-webhook"),
    path("access", endpoints.access, name="labeling-access"),
    path("lead-time-cut", endpoints.lead_time_cut, name="labeling-lead-time-cut"),
]
