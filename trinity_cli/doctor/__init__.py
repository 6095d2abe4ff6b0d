"""Checks every part of a Trinity, and says how to mend what is wrong."""

from trinity_cli.doctor.finding import Finding, State
from trinity_cli.doctor.rounds import examine

__all__ = ["Finding", "State", "examine"]
