"""The agent's worker as the benches run it: the same agent, with measuring points, and the peers'.

A side is one way to build a call: our engines, a peer's behind adapters, or livekit-agents'
defaults over ours. `python -m bench.sides` is its worker, `BENCH_SIDE` says which.
"""
