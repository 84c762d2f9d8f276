from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("labeling/", include("labeling.urls")),
    path("", include("web.urls")),
]

handler500 = "web.views.errors.server_error"
