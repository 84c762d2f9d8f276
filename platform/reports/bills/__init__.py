"""The bill of materials of a trained model."""

from reports.bills.allocation import RULE, Sharing, StudentBill
from reports.bills.bills import (
    Bill,
    BillLine,
    BillSection,
    Charge,
    Charges,
    LedgerRows,
    StudyLedger,
    as_text,
    bill_of,
    read_lists,
)
from reports.bills.choices import Choices, Chosen
from reports.bills.run_results import (
    OVER_EXAMPLES,
    BaselineScore,
    TrialRecord,
    best_of,
    compare_to_baselines,
    read_result,
    zero_of,
)

__all__ = [
    "OVER_EXAMPLES",
    "RULE",
    "BaselineScore",
    "Bill",
    "BillLine",
    "BillSection",
    "Charge",
    "Charges",
    "Choices",
    "Chosen",
    "LedgerRows",
    "Sharing",
    "StudentBill",
    "StudyLedger",
    "TrialRecord",
    "as_text",
    "best_of",
    "bill_of",
    "compare_to_baselines",
    "read_lists",
    "read_result",
    "zero_of",
]
