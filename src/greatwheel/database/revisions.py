"""Alembic's part of a migration: which revisions are still to be carried out, and the record of those that were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from psycopg import Connection
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool


def carry_out(conn: Connection[TupleRow], revisions: Mapping[str, tuple[str, str]], *, before: str) -> list[str]:
    """Carry out `before`, then what is missing of `revisions` (name and SQL by number, in order): all or nothing."""
    done: list[str] = []
    scripts = _scripts(conn, revisions, done)
    known = RevisionMap(lambda: iter(scripts))

    def missing(current: tuple[str, ...], context: MigrationContext) -> list[RevisionStep]:
        steps = known.iterate_revisions("head", current, implicit_base=True)
        return [MigrationStep.upgrade_from_script(known, script) for script in reversed([*steps])]  # type: ignore[arg-type]

    conn.autocommit = False
    engine = create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool)
    with engine.begin() as connection:
        conn.execute(before)
        MigrationContext.configure(connection, opts={"fn": missing}).run_migrations()
    return done


def _scripts(conn: Connection[TupleRow], revisions: Mapping[str, tuple[str, str]], done: list[str]) -> list[Script]:
    """A chain in the order of the numbers."""
    scripts: list[Script] = []
    before: str | None = None
    for number, (name, text) in revisions.items():
        scripts.append(_script(number, before, name, _runs(conn, text, number, done)))
        before = number
    return scripts


def _runs(conn: Connection[TupleRow], text: str, number: str, done: list[str]) -> Callable[[], None]:
    def run(**options: Any) -> None:
        conn.execute(text)
        done.append(number)

    return run


def _script(number: str, before: str | None, name: str, run: Callable[[], None]) -> Script:
    module = ModuleType(f"revision_{number}", doc=name)
    vars(module).update(revision=number, down_revision=before, upgrade=run)
    return Script(module, number, f"{number}_{name}.sql")
