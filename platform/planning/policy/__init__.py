"""Policies: what to buy next, given prices and the scores seen."""

from planning.policy.fixed import FIXED_POLICIES, FixedPolicy
from planning.policy.planner import Choice, choose
from planning.policy.state import State

__all__ = ["FIXED_POLICIES", "Choice", "FixedPolicy", "State", "choose"]
