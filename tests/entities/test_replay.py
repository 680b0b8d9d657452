"""Acts that take place in the past, as sample data and what another system kept do."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from pycrm import CRM, Source

THEN = datetime(2024, 3, 1, 8, tzinfo=UTC)


def test_acts_stand_where_the_clock_stood(crm: CRM) -> None:
    """Whoever replays an act keeps it under the day it took place, and works on today afterwards."""
    now = crm.clock.now()
    with crm.replay(THEN, Random(5)) as clock:
        with crm.session(crm.system("replay")) as session:
            first = session.add(Source(name="first"))
        clock.advance(days=2)
        with crm.session(crm.system("replay")) as session:
            second = session.add(Source(name="second"))
    assert [first.created_at, second.created_at] == [THEN, datetime(2024, 3, 3, 8, tzinfo=UTC)]
    assert first.id.bytes[:6] == int(THEN.timestamp() * 1000).to_bytes(6)
    assert crm.clock.now() == now


def test_the_clock_is_put_back_whatever_happens(crm: CRM) -> None:
    """Whoever replays an act that fails has today's clock and other identifiers again."""
    kept = crm.clock, crm.identifiers
    with pytest.raises(ZeroDivisionError), crm.replay(THEN):
        raise ZeroDivisionError
    assert (crm.clock, crm.identifiers) == kept
