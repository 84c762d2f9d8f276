from django.urls import path

from labeling import views

urlpatterns = [
    path("webhook/<uuid:uid>", views.webhook, name="labeling-webhook"),
    path("access", views.access, name="labeling-access"),
    path("lead-time-cut", views.lead_time_cut, name="labeling-lead-time-cut"),
]
