"""SQLAlchemy-Continuum: a versioned model with the columns of pycrm's customer.

The records are read before the clock starts; assigning, flushing and committing count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy_continuum import make_versioned, version_class
from talk import THOUSAND, answer, customers

make_versioned(user_cls=None)
Base = orm.declarative_base()


class Customer(Base):
    """The columns and indexes of crm_customer."""

    __tablename__ = "customer"
    __versioned__ = {}

    id = sa.Column(sa.Uuid, primary_key=True)
    version = sa.Column(sa.BigInteger, nullable=False)
    created_at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    created_by_id = sa.Column(sa.Uuid)
    updated_at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    updated_by_id = sa.Column(sa.Uuid)
    archived_at = sa.Column(sa.DateTime(timezone=True))
    owner_id = sa.Column(sa.Uuid)
    owner_unit_id = sa.Column(sa.Uuid)
    code = sa.Column(sa.Text, nullable=False)
    party_id = sa.Column(sa.Uuid, nullable=False, unique=True)
    name = sa.Column(sa.Text, nullable=False)
    kind = sa.Column(sa.Text, nullable=False)
    lifecycle = sa.Column(sa.Text, nullable=False)
    activity_state = sa.Column(sa.Text, nullable=False)
    source_id = sa.Column(sa.Uuid, nullable=False, index=True)
    signing_grade = sa.Column(sa.Text)
    trade_role = sa.Column(sa.Text)
    channel = sa.Column(sa.Text)
    strategic = sa.Column(sa.Boolean, nullable=False)
    parent_group_id = sa.Column(sa.Uuid, index=True)
    needs = sa.Column(sa.JSON, nullable=False)
    preferences = sa.Column(sa.JSON, nullable=False)
    last_contact_at = sa.Column(sa.DateTime(timezone=True))
    next_contact_on = sa.Column(sa.Date)
    __table_args__ = (
        sa.Index("by_name", name, id),
        sa.Index("by_owner", owner_id, name, id),
        sa.Index("by_unit", owner_unit_id, name, id),
    )


def engine_of(url: str) -> sa.Engine:
    """An engine as durable as pycrm's."""
    if url.startswith("postgresql"):
        return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def prepare(driver, record):
        driver.isolation_level = None
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
            driver.execute(f"PRAGMA {setting}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def main(url: str) -> None:
    """Fill the database and answer."""
    orm.configure_mappers()
    engine = engine_of(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(Customer.__table__), list(customers()))
    with orm.Session(engine) as session:
        keys = list(session.scalars(sa.select(Customer.id).order_by(Customer.id).limit(THOUSAND)))

    @contextmanager
    def change(number: int, value: str) -> Iterator[Callable[[], None]]:
        with orm.Session(engine, expire_on_commit=False) as session:
            held = list(session.scalars(sa.select(Customer).where(Customer.id.in_(keys[:number]))))

            def act() -> None:
                now = datetime.now(UTC)
                for customer in held:
                    customer.channel, customer.updated_at = value, now
                    customer.version += 1
                session.commit()

            kept = version_class(Customer)
            counted = sa.select(sa.func.count()).select_from(kept).where(kept.id == keys[0])
            versions = session.scalar(counted)
            yield act
            assert session.scalar(counted) == versions + 1, "no version was kept"

    answer(change)


if __name__ == "__main__":
    main(sys.argv[1])
