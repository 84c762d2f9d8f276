"""The energy a run takes, and the carbon that comes with it, by codecarbon without a network.

Where the machine can measure (RAPL, NVML), energy is measured; elsewhere it is estimated from the processor's rated
power and this process's share of it. Carbon needs the country whose electricity is used.
"""

import logging
import threading
from dataclasses import asdict, dataclass
from typing import Any

SECONDS_BETWEEN_READINGS = 15
# codecarbon needs a country even where only energy is measured; its carbon is then left out.
_ANY_COUNTRY = "USA"


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy in kilowatt-hours; carbon in kilograms of CO2 equivalents, None where no country was named."""

    kwh: float
    carbon_kg: float | None

    def payload(self) -> dict[str, Any]:
        return asdict(self)


class EnergyMeter:
    """Measures the energy of this process from `start` to `stop`; a failing meter never fails the run."""

    def __init__(self, *, country: str | None) -> None:
        self._country = country
        self._tracker: Any = None
        # Looking at the hardware takes a second or two, which loading the model takes anyway.
        self._starting = threading.Thread(target=self._start, name="energy", daemon=True)

    def start(self) -> None:
        self._starting.start()

    def stop(self, *, seconds: float) -> Energy | None:
        """Return what was used since the start; None where it could not be read within that many seconds."""
        found: list[Energy] = []
        reading = threading.Thread(target=self._read, args=(found,), name="energy", daemon=True)
        reading.start()
        reading.join(seconds)
        return found[0] if found else None

    def _read(self, found: list[Energy]) -> None:
        self._starting.join()
        if self._tracker is None:
            return
        carbon = self._tracker.stop()
        data = getattr(self._tracker, "final_emissions_data", None)
        if data is not None:
            carbon_kg = float(carbon) if self._country and carbon is not None else None
            found.append(Energy(kwh=float(data.energy_consumed), carbon_kg=carbon_kg))

    def _start(self) -> None:
        try:
            from codecarbon import OfflineEmissionsTracker

            logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
            tracker = OfflineEmissionsTracker(
                country_iso_code=self._country or _ANY_COUNTRY,
                measure_power_secs=SECONDS_BETWEEN_READINGS,
                tracking_mode="process",
                output_methods=[],
                log_level="critical",
                allow_multiple_runs=True,
            )
            tracker.start()
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            print(f"energy is not metered: {error}", flush=True)
            return
        self._tracker = tracker
