"""The one public door to money. Callers hand in source keys; nothing here knows annotations or runs.

Every change locks the budget's row first and checks `spent + held <= limit` under that lock. Every entry and hold has a
source key, unique within its budget, so that doing something twice enters it once.
"""

from budgets.charging import AlreadyReversed, Cost, charge, reverse, settle, take_back
from budgets.holds import HoldClosed, SourceKeyReused, Want, extend_hold, place_hold, place_holds, release
from budgets.limit_requests import (
    LimitRequestClosed,
    LimitRequestWaits,
    SecondPersonNeeded,
    StaleEdit,
    confirm_limit,
    decline_limit,
    set_confirm_above,
    waiting_request,
    waiting_requests,
)
from budgets.limits import (
    LimitTooLow,
    open_budget,
    remove_cap,
    rename_budget,
    set_cap,
    set_limit,
    set_thresholds,
    top_up,
)
from budgets.outlooks import outlook, tell_forecasts
from budgets.price_files import PriceFileChanged, PricesRefused, export_prices, import_prices, preview_prices
from budgets.price_lines import PriceFileUnreadable
from budgets.prices import PriceMissing, Scope, create_price_book, dearest_price, find_price, price_at, set_price
from budgets.repricing import (
    NothingToReprice,
    Period,
    Repricing,
    RepricingChanged,
    preview_repricing,
    reprice,
)
from budgets.rooms import BudgetExceeded, BudgetStopped, CapExceeded, room
from budgets.stops import (
    BudgetArchived,
    NothingLeft,
    archive_budget,
    exhaust,
    resume,
    stop_everything,
    unarchive_budget,
)

__all__ = [
    "AlreadyReversed",
    "BudgetArchived",
    "BudgetExceeded",
    "BudgetStopped",
    "CapExceeded",
    "Cost",
    "HoldClosed",
    "LimitRequestClosed",
    "LimitRequestWaits",
    "LimitTooLow",
    "NothingLeft",
    "NothingToReprice",
    "Period",
    "PriceFileChanged",
    "PriceFileUnreadable",
    "PriceMissing",
    "PricesRefused",
    "Repricing",
    "RepricingChanged",
    "Scope",
    "SecondPersonNeeded",
    "SourceKeyReused",
    "StaleEdit",
    "Want",
    "archive_budget",
    "charge",
    "confirm_limit",
    "create_price_book",
    "dearest_price",
    "decline_limit",
    "exhaust",
    "export_prices",
    "extend_hold",
    "find_price",
    "import_prices",
    "open_budget",
    "outlook",
    "place_hold",
    "place_holds",
    "preview_prices",
    "preview_repricing",
    "price_at",
    "release",
    "remove_cap",
    "rename_budget",
    "reprice",
    "resume",
    "reverse",
    "room",
    "set_cap",
    "set_confirm_above",
    "set_limit",
    "set_price",
    "set_thresholds",
    "settle",
    "stop_everything",
    "take_back",
    "tell_forecasts",
    "top_up",
    "unarchive_budget",
    "waiting_request",
    "waiting_requests",
]
