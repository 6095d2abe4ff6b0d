"""The whole system on one machine without containers: set up, started, watched and stopped.

`Stack` is what tests, the demo and the benches use; ``python -m stack`` is the command of
``make up``, ``make down`` and ``make demo``.
"""

from stack.addresses import Addresses
from stack.errors import (
    AlreadyRunning,
    InstallFailed,
    ModelFailed,
    NeighbourSilent,
    NotReady,
    NotRunning,
    PortTaken,
    ProgramMissing,
    ServiceDied,
    StackError,
)
from stack.lifecycle import Stack
from stack.ports import Ports, free_base
from stack.progress import Progress
from stack.settings import StackSettings
from stack.supervisor import State

__all__ = [
    "Addresses",
    "AlreadyRunning",
    "InstallFailed",
    "ModelFailed",
    "NeighbourSilent",
    "NotReady",
    "NotRunning",
    "PortTaken",
    "Ports",
    "ProgramMissing",
    "Progress",
    "ServiceDied",
    "Stack",
    "StackError",
    "StackSettings",
    "State",
    "free_base",
]
