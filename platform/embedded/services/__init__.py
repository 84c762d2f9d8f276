"""The services of one copy of Fulcrum: what they are, where they answer, and running them."""

from embedded.services.definitions import NUM_WORKERS, environment, label_studio_server, make_plan, web, workers
from embedded.services.label_studio import LABEL_STUDIO_SERVICE, LabelStudioSetUpFailed, NotOurs
from embedded.services.ports import (
    HOST,
    NoFreePort,
    claim_port,
    hold_port,
    is_port_free,
    release_port,
    remembered_port,
)
from embedded.services.serving import demo, show, up
from embedded.services.supervisor import Process, Service, ServiceNotReady, Supervisor, answers

__all__ = [
    "HOST",
    "LABEL_STUDIO_SERVICE",
    "NUM_WORKERS",
    "LabelStudioSetUpFailed",
    "NoFreePort",
    "NotOurs",
    "Process",
    "Service",
    "ServiceNotReady",
    "Supervisor",
    "answers",
    "claim_port",
    "demo",
    "environment",
    "hold_port",
    "is_port_free",
    "label_studio_server",
    "make_plan",
    "release_port",
    "remembered_port",
    "show",
    "up",
    "web",
    "workers",
]
