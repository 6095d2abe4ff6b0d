import asyncio
import os
import socket
from pathlib import Path

import pytest

from bench.calls.network import CALLER, NAMESPACE, Conditions, Link, NetworkError, open_link


def fates(seed: int, conditions: Conditions, packets: int = 4000) -> list[float | None]:
    link = Link(seed, conditions)
    return [link.fate(0, n * 0.01) for n in range(packets)]


def test_the_same_packets_are_lost_again() -> None:
    bad = Conditions("bad", delay_ms=60, jitter_ms=30, loss=0.08)
    first = fates(1, bad)
    assert first == fates(1, bad)
    assert first != fates(2, bad)
    assert first.count(None) / len(first) == pytest.approx(0.08, abs=0.02)


def test_packets_are_late_and_in_order() -> None:
    arrived = [at for at in fates(1, Conditions("far", delay_ms=60, jitter_ms=30)) if at]
    assert arrived == sorted(arrived)
    late = [at - n * 0.01 for n, at in enumerate(arrived)]
    assert sum(late) / len(late) == pytest.approx(0.06, abs=0.03)
    assert fates(1, Conditions("as it is"), 3) == [0.0, 0.01, 0.02]


async def test_it_says_that_it_takes_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NetworkError, match="takes root"):
        async with open_link(1):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
async def test_packets_cross_the_link_and_nothing_is_left() -> None:
    try:
        async with open_link(1) as link:
            link.conditions = Conditions("far", delay_ms=30)
            ping = await asyncio.create_subprocess_exec(*("ip", "netns", "exec", NAMESPACE, "true"))
            assert await ping.wait() == 0
            loop = asyncio.get_running_loop()
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
            with sock:
                await loop.sock_sendto(sock, b"anybody there?", (CALLER, 9))
                async with asyncio.timeout(5):
                    # Ours, and the answer that nobody listens.
                    while link.packets < 2:  # noqa: ASYNC110 - told by no event
                        await asyncio.sleep(0.02)
            assert link.lost == 0
    except NetworkError as error:
        pytest.skip(str(error))
    assert not Path("/run/netns", NAMESPACE).exists()  # noqa: ASYNC240 - nothing else runs
