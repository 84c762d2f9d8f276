"""Label Studio in its own virtual environment and database; its first user and token are created unattended."""

import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import httpx

from embedded import EmbeddedError, postgres
from embedded.data_folder import Paths, load_secrets, open_log, remember_label_studio_token
from embedded.environment import scrubbed
from embedded.services.ports import HOST, hold_port
from embedded.services.supervisor import Service, answers
from labeling import proofs

LABEL_STUDIO_SERVICE = "label-studio"
SETTINGS = "labeling.server.settings"
# Its own migrations, on two slow cores.
PREPARE_SECONDS = 600
TIMEOUT_SECONDS = 60
READY_SECONDS = 240.0
# What Label Studio itself takes.
MAX_BODY_MB = 251
# Our web server in its virtual environment. Our folder leaves sys.path again: its own packages share some names.
WEB_SERVER = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "import embedded.web as web; sys.path.pop(); sys.exit(web.main())"
)


class LabelStudioSetUpFailed(EmbeddedError):
    """Label Studio could not be prepared or refuses our user."""


class NotOurs(EmbeddedError):
    """Another server answers at Label Studio's address."""


@dataclass(frozen=True, kw_only=True)
class LabelStudio:
    """One Label Studio: where it runs, and for which Fulcrum."""

    paths: Paths
    port: int
    fulcrum_url: str
    settings: str = SETTINGS

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def python(self) -> Path:
        return self.paths.label_studio_venv / "bin" / "python"

    @property
    def package(self) -> Path:
        return next(self.paths.label_studio_venv.glob("lib/python*/site-packages/label_studio"))

    @property
    def is_prepared(self) -> bool:
        return self._stamp.exists() and self._stamp.read_text() == self._state()

    @property
    def _stamp(self) -> Path:
        return self.paths.label_studio / "prepared"

    def prepare(self) -> None:
        """Migrate its database and create its first user, unless that was done for these versions."""
        if self.is_prepared:
            return
        known = load_secrets(paths=self.paths)
        first_user = {
            "LABEL_STUDIO_USERNAME": known.label_studio_email,
            "LABEL_STUDIO_PASSWORD": known.label_studio_password,
        }
        with open_log(self.paths.log(LABEL_STUDIO_SERVICE)) as log:
            done = subprocess.run(
                [str(self.python), "-m", "label_studio.server", "init", "--quiet"],
                cwd=self.paths.label_studio,
                env={**self.environment(), **first_user},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=PREPARE_SECONDS,
                umask=0o077,
                check=False,
            )
        if done.returncode != 0:
            raise LabelStudioSetUpFailed(
                f"Label Studio could not be prepared; see {self.paths.log(LABEL_STUDIO_SERVICE)}."
            )
        self._stamp.write_text(self._state())

    def service(self) -> Service:
        """The server, on the port that this process holds from now on."""
        listener = hold_port(paths=self.paths, service=LABEL_STUDIO_SERVICE)
        return Service(
            name=LABEL_STUDIO_SERVICE,
            command=(
                *(str(self.python), "-P", "-c", WEB_SERVER, "core.wsgi:application", "--folder", str(self.package)),
                *(f"--fd={listener.fileno()}", "--threads=4", f"--max-body-mb={MAX_BODY_MB}", "--max-uploads=4"),
            ),
            environment=self.environment(),
            folder=self.paths.label_studio,
            log=self.paths.log(LABEL_STUDIO_SERVICE),
            is_ready=lambda: answers(url=f"{self.url}/health"),
            ready_seconds=READY_SECONDS,
            url=self.url,
            listener=listener,
        )

    def environment(self) -> dict[str, str]:
        known = load_secrets(paths=self.paths)
        home = self.paths.label_studio / "home"
        home.mkdir(parents=True, exist_ok=True)
        return {
            **scrubbed(),
            **_SWITCHES,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PYTHONPATH": str(self.paths.root),
            "DJANGO_SETTINGS_MODULE": self.settings,
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.paths.label_studio / "data"),
            "DJANGO_DB": "default",
            "POSTGRE_NAME": postgres.LABEL_STUDIO,
            "POSTGRE_USER": postgres.LABEL_STUDIO,
            "POSTGRE_PASSWORD": known.label_studio_database_password,
            "POSTGRE_HOST": str(postgres.socket_folder(paths=self.paths)),
            "POSTGRE_PORT": str(postgres.PORT),
            "FULCRUM_TICKET_KEY": known.ticket_key,
            "FULCRUM_URL": self.fulcrum_url,
            "FULCRUM_SERVICE_EMAIL": known.label_studio_email,
            "LABEL_STUDIO_URL": self.url,
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        }

    def ensure_token(self) -> str:
        """The service user's token, a new one where ours is not valid. Raises: NotOurs, before any secret is sent."""
        known = load_secrets(paths=self.paths)
        self.must_be_ours()
        with httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, follow_redirects=True) as client:
            if known.label_studio_token and _accepts(client, known.label_studio_token):
                return known.label_studio_token
            _sign_in(client, email=known.label_studio_email, password=known.label_studio_password)
            token = _create_token(client)
        remember_label_studio_token(paths=self.paths, token=token)
        return token

    def must_be_ours(self) -> None:
        """Have the server at our address prove that it is this one. Raises: NotOurs."""
        challenge, key = proofs.new_challenge(), load_secrets(paths=self.paths).ticket_key
        try:
            address = f"{self.url}/{proofs.PATH}?challenge={challenge}"
            with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as response:
                answer = response.read(100).decode(errors="replace")
        except OSError as error:
            answer = str(error)
        if not proofs.is_proven(key=key, challenge=challenge, url=self.url, answer=answer):
            raise NotOurs(
                f"Another server than our Label Studio answers at {self.url}, so no password was sent to it: end what "
                "listens there (`ss -ltnp` names it) and try again."
            )

    def _state(self) -> str:
        """Identifies the versions, tables and database that were prepared; a change of any needs a new preparation."""
        made = (self.paths.postgres / "PG_VERSION").stat()
        wanted = (self.paths.root / "requirements-label-studio.txt").read_text()
        tables = sorted(path.stem for path in (self.paths.root / "labeling/server/migrations").glob("[0-9]*.py"))
        return f"{wanted}\n{self.settings}\n{' '.join(tables)}\n{made.st_ino} {made.st_mtime_ns}"


def _accepts(client: httpx.Client, token: str) -> bool:
    response = client.post("/api/token/refresh/", json={"refresh": token})
    if response.status_code in (401, 403):
        return False
    response.raise_for_status()
    return True


def _sign_in(client: httpx.Client, *, email: str, password: str) -> None:
    """Sign in by the form, as a browser does. Raises: LabelStudioSetUpFailed."""
    client.get("/user/login/").raise_for_status()
    form = {"email": email, "password": password, "csrfmiddlewaretoken": _csrf(client)}
    response = client.post("/user/login/", data=form, headers={"Referer": str(client.base_url)})
    if "/user/login" in response.raise_for_status().url.path:
        raise LabelStudioSetUpFailed(
            f"Label Studio at {client.base_url} refuses the user {email} of secrets.json: restore that file, or "
            "remove both with `python3 manage.py clean`."
        )


def _create_token(client: httpx.Client) -> str:
    response = _post(client, "/api/token/", {})
    if response.status_code == httpx.codes.CONFLICT:
        # A user has one valid token, and its text is shown only once: revoke the lost one and create another.
        for lost in client.get("/api/token/").raise_for_status().json():
            _post(client, "/api/token/blacklist/", {"refresh": lost["token"]}).raise_for_status()
        response = _post(client, "/api/token/", {})
    return str(response.raise_for_status().json()["token"])


def _post(client: httpx.Client, path: str, body: dict[str, str]) -> httpx.Response:
    return client.post(path, json=body, headers={"X-CSRFToken": _csrf(client), "Referer": str(client.base_url)})


def _csrf(client: httpx.Client) -> str:
    # Our settings rename its cookies, so that they do not overwrite Fulcrum's on the same host.
    return next((cookie.value or "" for cookie in client.cookies.jar if "csrf" in cookie.name), "")


# How often it asks Fulcrum about people, and how long it goes on without an answer.
_PASSED_ON = ("FULCRUM_ACCESS_SECONDS", "FULCRUM_ACCESS_GRACE_SECONDS")
_SWITCHES = {
    "LABEL_STUDIO_DEBUG": "false",
    "LABEL_STUDIO_LOG_LEVEL": "WARNING",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "false",
    # Nothing leaves this machine; an empty string overrides the built-in addresses.
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_WEBHOOK_TIMEOUT": "2",
}
