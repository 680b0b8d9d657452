"""FastAPI with SQLModel: the same three requests, by a token, with the scope written into each query.

Whoever asks sees the own customers. No history is kept. Requests go to the ASGI application as a server
would hand them on; functions run in threads, as FastAPI runs what is not a coroutine.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Header, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine, select
from talk import customers
from talk_rest import answer_requests

_URL = sys.argv[1].replace("postgresql://", "postgresql+psycopg://")


class Customer(SQLModel, table=True):
    """The columns and indexes of crm_customer."""

    __table_args__ = (
        sa.Index("by_name", "name", "id"),
        sa.Index("by_owner", "owner_id", "name", "id"),
        sa.Index("by_unit", "owner_unit_id", "name", "id"),
    )

    id: UUID = Field(primary_key=True)
    version: int
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))  # type: ignore[call-overload]
    created_by_id: UUID | None
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))  # type: ignore[call-overload]
    updated_by_id: UUID | None
    archived_at: datetime | None
    owner_id: UUID | None
    owner_unit_id: UUID | None
    code: str
    party_id: UUID = Field(unique=True)
    name: str
    kind: str
    lifecycle: str
    activity_state: str
    source_id: UUID = Field(index=True)
    signing_grade: str | None
    trade_role: str | None
    channel: str | None
    strategic: bool
    parent_group_id: UUID | None = Field(index=True)
    needs: list[str] = Field(sa_type=sa.JSON)
    preferences: list[str] = Field(sa_type=sa.JSON)
    last_contact_at: datetime | None
    next_contact_on: date | None


class Token(SQLModel, table=True):
    """Whom a token names."""

    key: str = Field(primary_key=True)
    user_id: UUID


class Change(SQLModel):
    """What a change may hold."""

    channel: str | None = None


engine = create_engine(_URL)
app = FastAPI(openapi_url=None)


def _session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


Opened = Annotated[Session, Depends(_session)]


def _visitor(session: Opened, authorization: Annotated[str, Header()]) -> UUID:
    found = session.get(Token, authorization.removeprefix("Bearer "))
    if found is None:
        raise HTTPException(401)
    return found.user_id


Visitor = Annotated[UUID, Depends(_visitor)]


@app.get("/customers")
def listed(session: Opened, visitor: Visitor) -> list[Customer]:
    """The first fifty of one's own."""
    own = select(Customer).where(Customer.owner_id == visitor, sa.column("archived_at").is_(None))
    return list(session.exec(own.order_by(sa.column("name"), sa.column("id")).limit(51)).all()[:50])


def _own(session: Session, visitor: UUID, id: UUID) -> Customer:
    found = session.exec(select(Customer).where(Customer.id == id, Customer.owner_id == visitor)).first()
    if found is None:
        raise HTTPException(404)
    return found


@app.get("/customers/{id}")
def one(id: UUID, session: Opened, visitor: Visitor) -> Customer:
    """One of one's own."""
    return _own(session, visitor, id)


@app.patch("/customers/{id}")
def change(id: UUID, body: Change, session: Opened, visitor: Visitor) -> Customer:
    """Change a field of one of one's own."""
    found = _own(session, visitor, id)
    found.sqlmodel_update(body.model_dump(exclude_unset=True))
    found.version += 1
    session.add(found)
    session.commit()
    session.refresh(found)
    return found


def fill() -> list[UUID]:
    """Customers, of whom the reader sees a hundred; those."""
    if _URL.startswith("sqlite"):

        def prepare(driver: Any, _: Any) -> None:
            for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
                driver.execute(f"PRAGMA {setting}")

        sa.event.listen(engine, "connect", prepare)
    SQLModel.metadata.create_all(engine)
    rows = list(customers())
    reader = rows[0]["owner_id"]
    with Session(engine) as session:
        session.execute(sa.insert(Customer), rows)
        session.add(Token(key="secret", user_id=reader))
        session.commit()
        session.execute(sa.text("ANALYZE"))
        session.commit()
    return [row["id"] for row in rows if row["owner_id"] == reader]


def main() -> None:
    """Fill the database and answer."""
    own, loop = fill(), asyncio.new_event_loop()

    async def asked(method: str, path: str, body: bytes) -> bytes:
        headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer secret")]
        headers += [(b"content-type", b"application/json")] if body else []
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
        }
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "root_path": "", "scheme": "http"}
        scope |= {"server": ("127.0.0.1", 80), "http_version": "1.1", "asgi": {"version": "3.0"}}
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await app(scope, receive, send)
        content = b"".join(one.get("body", b"") for one in said)
        if said[0]["status"] >= 400:
            raise RuntimeError(f"{method} {path}: {said[0]['status']} {content[:300]!r}")
        return content

    def ask(method: str, path: str, body: bytes = b"") -> bytes:
        return loop.run_until_complete(asked(method, path, body))

    def act(name: str, number: int) -> int:
        if name == "ready":
            return 0
        if name == "rest_list_50":
            return len(ask("GET", "/customers"))
        one_of = f"/customers/{own[number % len(own)]}"
        if name == "rest_get":
            return len(ask("GET", one_of))
        return len(ask("PATCH", one_of, json.dumps({"channel": f"fair {number}"}).encode()))

    answer_requests(act)


if __name__ == "__main__":
    main()
