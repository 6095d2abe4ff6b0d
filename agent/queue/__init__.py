"""The call queue: who calls while every place of the worker is taken waits for one, and is told."""

from agent.queue.admission import admit
from agent.queue.places import CallPlaces, QueueTicket

__all__ = ["CallPlaces", "QueueTicket", "admit"]
