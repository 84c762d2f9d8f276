from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("labeling/", include("labeling.urls")),
    path("", include("web.urls")),
]
