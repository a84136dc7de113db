"""What the schema promises, read from Postgres' own catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from greatwheel.database.embedded import EmbeddedServer
from greatwheel.database.errors import CONSTRAINTS

OURS = """
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname not like 'procrastinate%'
"""


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection]:
    """The superuser's connection to the migrated database."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


def test_every_table_of_a_tenant_is_forced_under_row_level_security(admin: psycopg.Connection) -> None:
    """Every table but Alembic's has org_id, forced row-level security, and exactly the two policies."""
    rows = admin.execute(f"""
        select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text,
          exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and a.attnotnull),
          (select array_agg(polname || ' ' || polroles::regrole[]::text || ' ' || polcmd::text
             || ' ' || pg_get_expr(polqual, polrelid) || ' ' || pg_get_expr(polwithcheck, polrelid) order by polname)
           from pg_policy where polrelid = c.oid)
        {OURS} and c.relname <> 'alembic_version'""").fetchall()
    own = "(org_id = current_setting('greatwheel.org'::text, true))"
    policies = [f"own_rows {{greatwheel_app}} * {own} {own}", "owner_all {greatwheel_owner} * true true"]
    assert len(rows) >= 16
    wrong = [row for row in rows if row[1:] != (True, True, "greatwheel_owner", True, policies)]
    assert wrong == []


def test_views_do_not_reach_around_row_level_security(admin: psycopg.Connection) -> None:
    """There is no view or materialised view, which would show its owner's rows."""
    rows = admin.execute(
        "select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert rows == []


def test_the_application_owns_nothing_and_can_not_rise(admin: psycopg.Connection) -> None:
    """The application's role has no attribute that lifts it, owns nothing, and belongs to no other role."""
    attributes = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
    roles = admin.execute(f"select {attributes} from pg_roles where rolname like 'greatwheel%'").fetchall()
    assert roles == [(False,) * 5] * 2
    owned = admin.execute(
        "select count(*) from pg_shdepend where refobjid = 'greatwheel_app'::regrole and deptype = 'o'"
    )
    assert owned.fetchone() == (0,)
    members = admin.execute("select count(*) from pg_auth_members where member = 'greatwheel_app'::regrole")
    assert members.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "set role greatwheel_owner",
        "alter table orgs disable row level security",
        "drop policy own_rows on orgs",
        "create table t ()",
        "truncate orgs",
        "create policy p on orgs using (true)",
        "delete from alembic_version",
        "alter role greatwheel_app bypassrls",
        "select gw_admit('org_other')",
        "insert into procrastinate_jobs (queue_name, task_name) values ('tasks', 'run_task')",
        "select * from procrastinate_events",
        "insert into procrastinate_periodic_defers (task_name) values ('run_task')",
    ],
)
def test_the_application_can_not_change_the_rules(
    postgres_server: EmbeddedServer, database_url: str, statement: str
) -> None:
    """Logged in as itself, as with the embedded server, the application is refused whatever would lift its limits."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with (
        psycopg.connect(postgres_server.url(name, user="greatwheel_app"), autocommit=True) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute(statement)


def test_what_runs_as_the_owner_is_guarded(admin: psycopg.Connection) -> None:
    """Each function with the owner's rights sets its search path and is the application's alone to call."""
    rows = admin.execute("""
        select p.proname, p.proconfig, has_function_privilege('greatwheel_app', p.oid, 'execute'),
          exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee = 0)
        from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace""").fetchall()
    assert rows
    wrong = [name for name, config, ours, anybody in rows if anybody or not ours or not _has_path(config)]
    assert wrong == []


def _has_path(config: list[str] | None) -> bool:
    return any(line.startswith("search_path=") and line.endswith("pg_temp") for line in config or [])


def test_each_named_constraint_has_its_error(admin: psycopg.Connection) -> None:
    """Every constraint that the schema names itself is mapped to an error, and no other is."""
    rows = admin.execute(f"""
        select conname from pg_constraint where conrelid in (select c.oid {OURS}) and contype in ('u', 'c')
        union select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid in (select c.oid {OURS}) and x.indisunique and not x.indisprimary""").fetchall()
    assert {name for (name,) in rows} == set(CONSTRAINTS)
