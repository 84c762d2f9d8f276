"""Labels that a language model gives: what they cost, how many there are, what an audit by people says of them."""

from reports.model_labels.auditing import NothingToAudit, num_auditable, publish_audit, start_audit
from reports.model_labels.labeller import (
    NUM_AUDITED,
    Labeller,
    audit_would_tell,
    labeller_of,
    name_accuracy,
    name_order,
)
from reports.model_labels.measuring import Measure, measure_of
from reports.model_labels.pricing import LabelPrice, job_request, price_audit, price_labels
from reports.model_labels.results import AuditNotFound, AuditResult, ClassShare, audit_results, find_audit
from reports.model_labels.reviewing import (
    NO_CONFIDENCE,
    Reviewable,
    ReviewOrder,
    num_reviewable,
    publish_review,
    reviewable,
    reviewed,
    tells_confidence,
)

__all__ = [
    "NO_CONFIDENCE",
    "NUM_AUDITED",
    "AuditNotFound",
    "AuditResult",
    "ClassShare",
    "LabelPrice",
    "Labeller",
    "Measure",
    "NothingToAudit",
    "ReviewOrder",
    "Reviewable",
    "audit_results",
    "audit_would_tell",
    "find_audit",
    "job_request",
    "labeller_of",
    "measure_of",
    "name_accuracy",
    "name_order",
    "num_auditable",
    "num_reviewable",
    "price_audit",
    "price_labels",
    "publish_audit",
    "publish_review",
    "reviewable",
    "reviewed",
    "start_audit",
    "tells_confidence",
]
