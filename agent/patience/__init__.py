"""How long the agent waits for the caller to go on.

It depends on what it has just asked: a yes or no, or how many, needs few words, so the turn ends
sooner; a number that is dictated has pauses between its groups, so it ends later. What is said over
the agent ends sooner, too, since its voice is held meanwhile. The speech server ends utterances, so
it is told; the framework waits on after it, so it is told too.

A reply is made while the caller may still go on, so a wait that is shorter than that takes gains
nothing, and cuts off who only paused (ADR 0014). Who was cut off once is waited for longer (ADR
0017).
"""

from agent.patience.cut_offs import CutOffWatch
from agent.patience.expectation import Expectation, expect
from agent.patience.keeper import PatienceKeeper
from agent.patience.waits import Patience

__all__ = ["CutOffWatch", "Expectation", "Patience", "PatienceKeeper", "expect"]
