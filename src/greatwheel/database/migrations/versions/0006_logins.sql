-- Logins of people with a browser: each stands for an API key for some days, and ends with it.

create table logins (
  org_id text not null,
  login_id text not null,
  key_id text not null,
  prefix text not null constraint logins_prefix_unique unique,
  hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (org_id, login_id),
  foreign key (org_id, key_id) references api_keys on delete cascade
);
create index logins_by_key on logins (org_id, key_id, created_at);
comment on column logins.hash is 'Of the token that the browser keeps as a cookie; the token itself is nowhere';

alter table logins enable row level security;
alter table logins force row level security;
create policy own_rows on logins to greatwheel_app using (org_id = current_setting('greatwheel.org', true))
  with check (org_id = current_setting('greatwheel.org', true));
create policy owner_all on logins to greatwheel_owner using (true) with check (true);
grant select, insert, update, delete on logins to greatwheel_app;

-- The login behind a prefix, with its key's user. The caller compares the hash, in constant time.
create function find_login(wanted text)
returns table (
  org_id text, login_id text, key_id text, user_id text, role user_role, allow text[], deny text[], hash bytea,
  usable boolean, use_is_noted boolean
)
language sql stable security definer set search_path = public, pg_temp
as $$
  select l.org_id, l.login_id, k.key_id, k.user_id, u.role, u.allow, u.deny, l.hash,
    l.expires_at > now() and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      and not u.disabled,
    k.last_used_at is not null and k.last_used_at > now() - interval '1 minute'
  from logins l join api_keys k using (org_id, key_id) join users u using (org_id, user_id)
  where l.prefix = wanted
$$;
revoke execute on function find_login(text) from public;
grant execute on function find_login(text) to greatwheel_app;
