"""Labels that a language model gave: how many, what an audit by people says of them."""

from reports.model_labels.auditing import NothingToAudit, num_auditable, publish_audit, start_audit
from reports.model_labels.measuring import Measure, measure_of
from reports.model_labels.results import AuditNotFound, AuditResult, ClassShare, audit_results, find_audit
from reports.model_labels.reviewing import num_reviewable, publish_review, reviewed

__all__ = [
    "AuditNotFound",
    "AuditResult",
    "ClassShare",
    "Measure",
    "NothingToAudit",
    "audit_results",
    "find_audit",
    "measure_of",
    "num_auditable",
    "num_reviewable",
    "publish_audit",
    "publish_review",
    "reviewed",
    "start_audit",
]
