"""The environment variables of child processes: an allow-list, never our whole environment.

Label Studio reads unprefixed names such as HOST, PORT, DEBUG, CI and USERNAME, which the caller's shell may have set.
"""

import os
from collections.abc import Mapping

from embedded.data_folder import Paths

KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PLAYWRIGHT_BROWSERS_PATH"),
    }
)
KEPT_PREFIXES = ("LC_", "PIP_")
# Settings of our own processes, never passed on to Label Studio.
OURS = frozenset(
    {
        *("DATABASE_URL", "BROKER_URL", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_TOKEN", "ARTIFACT_URL"),
        *("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    }
)
OURS_PREFIXES = ("FULCRUM_", "HF_", "TRANSFORMERS_", "CUDA_", "NVIDIA_")


def scrubbed(*, source: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that any child process may see."""
    source = os.environ if source is None else source
    kept = {k: v for k, v in source.items() if k in KEPT or k.startswith(KEPT_PREFIXES)}
    # The planner's matrices are small: several threads of numpy only wait for each other.
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def django_environment(
    *, paths: Paths, embedded: Mapping[str, str], source: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables of our own processes: what the caller set overrides those of the embedded services."""
    source = os.environ if source is None else source
    chosen = {k: v for k, v in source.items() if (k in OURS or k.startswith(OURS_PREFIXES)) and v}
    return {
        **scrubbed(source=source),
        "PYTHONPATH": os.pathsep.join([str(paths.root), str(paths.root / "platform")]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FULCRUM_DATA_DIR": str(paths.data),
        "FULCRUM_MODEL_CACHE": str(paths.models),
        # With an address that the caller set, the settings take the host from it.
        **({} if "FULCRUM_URL" in chosen else {"FULCRUM_ALLOWED_HOSTS": "127.0.0.1,localhost"}),
        **embedded,
        # Our token is not for an external Label Studio.
        **({"LABEL_STUDIO_API_TOKEN": ""} if "LABEL_STUDIO_URL" in chosen else {}),
        **chosen,
    }
