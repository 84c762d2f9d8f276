"""The one exception from Label Studio's SSRF protection: the webhook to Fulcrum."""

from typing import Any

import requests
import webhooks.serializers
import webhooks.utils
from core.utils.io import ssrf_safe_post, validate_url_for_ssrf
from django.conf import settings


def let_our_webhook_pass() -> None:
    """Replace the check in Label Studio's webhooks, and nowhere else."""
    webhooks.serializers.validate_url_for_ssrf = _validate
    webhooks.utils.ssrf_safe_post = _post


def _is_ours(url: str) -> bool:
    return url.startswith(f"{settings.FULCRUM_URL}/labeling/webhook/")


def _validate(url: str, block_local_urls: bool = True) -> None:
    if not _is_ours(url):
        validate_url_for_ssrf(url, block_local_urls=block_local_urls)


def _post(url: str, **options: Any) -> requests.Response:
    if not _is_ours(url):
        return ssrf_safe_post(url, **options)
    return requests.post(url, allow_redirects=False, timeout=options.pop("timeout"), **options)
