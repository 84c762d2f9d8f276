"""Replay: policies played on recorded surfaces, by rules that leave no room."""

from planning.replay.play import Game, Played, Policy, Start
from planning.replay.player import PlannerPlayer
from planning.replay.regret import POLICIES, ReplayResult, prior_without, replay

__all__ = ["POLICIES", "Game", "PlannerPlayer", "Played", "Policy", "ReplayResult", "Start", "prior_without", "replay"]
