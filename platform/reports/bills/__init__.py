"""The bill of materials of a trained model."""

from reports.bills.allocation import RULE, Sharing, StudentBill
from reports.bills.bills import Bill, Charge, Charges, LedgerRows, Part, StudyLedger, bill_of
from reports.bills.run_results import Baseline, Standing, Trial, best_of, read_result, standing_of

__all__ = [
    "RULE",
    "Baseline",
    "Bill",
    "Charge",
    "Charges",
    "LedgerRows",
    "Part",
    "Sharing",
    "Standing",
    "StudentBill",
    "StudyLedger",
    "Trial",
    "best_of",
    "bill_of",
    "read_result",
    "standing_of",
]
