from django.apps import AppConfig


class ServerConfig(AppConfig):
    name = "labeling.server"
    label = "fulcrum_server"
    default_auto_field = "django.db.models.BigAutoField"
