"""Callers on a telephone: who they are, their keys and silences, and what ends or moves a call."""

from agent.telephone.actions import RoomActions
from agent.telephone.answering import Answer, AnsweringMachine
from agent.telephone.caller import CallState, caller_state, is_phone
from agent.telephone.keypad import Keypad
from agent.telephone.line import PhoneLine
from agent.telephone.silence import SilenceWatch

__all__ = [
    "Answer",
    "AnsweringMachine",
    "CallState",
    "Keypad",
    "PhoneLine",
    "RoomActions",
    "SilenceWatch",
    "caller_state",
    "is_phone",
]
