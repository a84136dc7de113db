-- name: create_org
-- Make an organisation; the transaction must be its own.
insert into orgs (org_id, name) values (%(org_id)s, %(name)s);

-- name: list_orgs
-- All organisations, or the one of a name or id. Without organisation.
select org_id, name, concurrency, idle_seconds, triage_agent, created_at from list_orgs(%(wanted)s::text);

-- name: update_org
-- Change an organisation's settings; null leaves one as it is.
update orgs set
  concurrency = coalesce(%(concurrency)s::integer, concurrency),
  idle_seconds = coalesce(%(idle_seconds)s::integer, idle_seconds),
  triage_agent = coalesce(%(triage_agent)s::text, triage_agent)
where org_id = %(org_id)s
returning org_id, name, concurrency, idle_seconds, triage_agent, created_at;

-- name: is_first_start
-- Whether there is no organisation yet; others that ask wait until this transaction ends. Without organisation.
select is_first_start() as first;

-- name: create_user
-- Make a user.
insert into users (org_id, user_id, name, role, allow, deny)
values (%(org_id)s, %(user_id)s, %(name)s, %(role)s::user_role, %(allow)s::text[], %(deny)s::text[]);

-- name: list_users
-- The organisation's users by name: those after one, and so many; or all.
select user_id, name, role, allow, deny, disabled, created_at from users
where (%(after)s::text is null or name > %(after)s)
order by name limit %(limit)s::bigint;

-- name: find_user
-- The user of a name or id.
select user_id, name, role, allow, deny, disabled, created_at from users
where name = %(wanted)s or user_id = %(wanted)s
order by (user_id = %(wanted)s) desc
limit 1;

-- name: lock_admins
-- The admins who can act, locked so that no two changes leave the organisation without one.
select user_id from users where role = 'admin' and not disabled order by user_id for update;

-- name: update_user
-- Change a user; null leaves a column as it is.
update users set
  role = coalesce(%(role)s::user_role, role),
  allow = coalesce(%(allow)s::text[], allow),
  deny = coalesce(%(deny)s::text[], deny),
  disabled = coalesce(%(disabled)s::boolean, disabled)
where user_id = %(user_id)s
returning user_id, name, role, allow, deny, disabled, created_at;

-- name: create_key
-- Make an API key.
insert into api_keys (org_id, key_id, user_id, prefix, hash, label, expires_at)
values (
  %(org_id)s, %(key_id)s, %(user_id)s, %(prefix)s, %(hash)s, %(label)s,
  now() + make_interval(days => %(days)s::integer)
)
returning expires_at;

-- name: find_key
-- The key of a prefix, whosever it is. Without organisation.
select org_id, key_id, user_id, role, allow, deny, hash, usable, use_is_noted from find_api_key(%(prefix)s::text);

-- name: find_login
-- The login of a prefix, whosever it is. Without organisation.
select org_id, login_id, key_id, user_id, role, allow, deny, hash, usable, use_is_noted
from find_login(%(prefix)s::text);

-- name: begin_login
-- Log somebody in with a key.
insert into logins (org_id, login_id, key_id, prefix, hash, expires_at)
values (%(org_id)s, %(login_id)s, %(key_id)s, %(prefix)s, %(hash)s, now() + make_interval(days => %(days)s::integer))
returning expires_at;

-- name: drop_old_logins
-- Forget the logins whose time is over, and of one key the oldest beyond so many.
delete from logins where expires_at <= now() or login_id in (
  select login_id from logins where key_id = %(key_id)s order by created_at desc, login_id offset %(most)s
);

-- name: end_login
-- Log somebody out.
delete from logins where prefix = %(prefix)s;

-- name: note_key_use
-- Write when a key was last used, unless that was done in the last minute.
update api_keys set last_used_at = now()
where key_id = %(key_id)s and (last_used_at is null or last_used_at <= now() - interval '1 minute');

-- name: list_keys
-- The organisation's keys with their users, never their hashes: those after one, and so many; or all.
select k.key_id, k.prefix, k.label, u.name as user_name, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
from api_keys k join users u using (org_id, user_id)
where (%(at)s::timestamptz is null or (k.created_at, k.key_id) > (%(at)s::timestamptz, %(after)s::text))
order by k.created_at, k.key_id limit %(limit)s::bigint;

-- name: revoke_key
-- Revoke the key of an id or prefix; a second time changes nothing.
update api_keys set revoked_at = coalesce(revoked_at, now())
where key_id = %(wanted)s or prefix = %(wanted)s
returning key_id;

-- name: session_standing
-- Whether a session's key was revoked, and its user disabled.
select s.revoked_at is not null as revoked, u.disabled
from sessions s join users u using (org_id, user_id)
where s.session_id = %(session_id)s;

-- name: revoke_session_key
-- Take a session's key away for good, and those of the sessions that its tasks have led to and that have not ended.
with recursive below as (
  select task_id, session_id from tasks where session_id = %(session_id)s
  union
  select t.task_id, t.session_id from tasks t join below b on t.parent_id = b.task_id
)
update sessions set session_key = null, revoked_at = coalesce(revoked_at, now())
where session_id = %(session_id)s
  or (status <> 'ended' and session_id in (select b.session_id from below b));

-- name: grants
-- What an agent and a user allow and deny, and whether the session that acts for them has its key.
select u.allow, u.deny, u.disabled, a.tools, a.denied, s.session_key is not null as live
from sessions s
join users u using (org_id, user_id)
join agent_defs a using (org_id, agent_id)
where s.session_id = %(session_id)s and s.user_id = %(user_id)s and s.agent_id = %(agent_id)s;

-- name: put_secret
-- Set a secret.
insert into org_secrets (org_id, name, sealed, key_id)
values (%(org_id)s, %(name)s, %(sealed)s, %(key_id)s)
on conflict (org_id, name) do update set sealed = excluded.sealed, key_id = excluded.key_id, updated_at = now();

-- name: list_secrets
-- The names of the secrets and when they were set: those after one, and so many; or all.
select name, key_id, updated_at from org_secrets
where (%(after)s::text is null or name > %(after)s)
order by name limit %(limit)s::bigint;

-- name: sealed_secrets
-- All secrets, sealed.
select name, sealed from org_secrets order by name;

-- name: lock_secrets
-- All secrets, sealed, locked until the transaction ends.
select name, sealed, key_id from org_secrets order by name for update;

-- name: reseal_secret
-- Replace a secret's sealed form; its value is the same.
update org_secrets set sealed = %(sealed)s, key_id = %(key_id)s where name = %(name)s;

-- name: remove_secret
-- Forget a secret.
delete from org_secrets where name = %(name)s returning name;
