-- What tenancy needs across organisations: the only ways to see more than one, each owned by greatwheel_owner.

-- The key behind a prefix, with its user. The caller compares the hash, in constant time.
create function find_api_key(wanted text)
returns table (
  org_id text, key_id text, user_id text, role user_role, allow text[], deny text[], hash bytea,
  usable boolean, use_is_noted boolean
)
language sql stable security definer set search_path = public, pg_temp
as $$
  select k.org_id, k.key_id, k.user_id, u.role, u.allow, u.deny, k.hash,
    k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) and not u.disabled,
    k.last_used_at is not null and k.last_used_at > now() - interval '1 minute'
  from api_keys k join users u using (org_id, user_id)
  where k.prefix = wanted
$$;

-- All organisations, or the one of that name or id: for who operates the installation.
create function list_orgs(wanted text default null)
returns setof orgs
language sql stable security definer set search_path = public, pg_temp
as $$
  select * from orgs where wanted is null or name = wanted or orgs.org_id = wanted order by name
$$;

-- Whether there is any organisation yet. Serialises first starts: the second waits for the first one's commit.
create function is_first_start()
returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtext('greatwheel.first_start'));
  return not exists (select from orgs);
end
$$;

revoke execute on function find_api_key(text), list_orgs(text), is_first_start() from public;
grant execute on function find_api_key(text), list_orgs(text), is_first_start() to greatwheel_app;
