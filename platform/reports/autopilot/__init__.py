"""The autopilot: it buys a study's recommendations by itself, within caps, and stops when it should."""

from reports.autopilot.reading import AutopilotStatus, autopilot_of, status_of, status_text
from reports.autopilot.stepping import request_step, request_steps, step
from reports.autopilot.switching import AutopilotSettings, switch_off, switch_on

__all__ = [
    "AutopilotSettings",
    "AutopilotStatus",
    "autopilot_of",
    "request_step",
    "request_steps",
    "status_of",
    "status_text",
    "step",
    "switch_off",
    "switch_on",
]
