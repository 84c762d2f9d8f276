"""The bill of materials of a trained model."""

from reports.bills.allocation import RULE, Sharing, StudentBill
from reports.bills.bills import Bill, BillSection, Charge, Charges, LedgerRows, StudyLedger, bill_of
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
    "BillSection",
    "Charge",
    "Charges",
    "LedgerRows",
    "Sharing",
    "StudentBill",
    "StudyLedger",
    "TrialRecord",
    "best_of",
    "bill_of",
    "compare_to_baselines",
    "read_result",
    "zero_of",
]
