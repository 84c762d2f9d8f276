from django.apps import AppConfig


class ServerConfig(AppConfig):
    name = "labeling.server"
    label = "fulcrum_server"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from labeling.server import outbound

        outbound.let_our_webhook_pass()
