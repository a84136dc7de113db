-- The two roles, which all databases of a cluster share. Safe to run again, and by several at a time.
--
-- greatwheel_owner owns tables and functions, and nobody logs in as it. greatwheel_app is what the product's
-- connections run as: row-level security holds for it, and it can't become the owner.

do $$
begin
  if not exists (select from pg_roles where rolname = 'greatwheel_owner') then
    create role greatwheel_owner nologin;
  end if;
exception when duplicate_object or unique_violation then null;  -- another database's migration was faster
end
$$;

do $$
begin
  if not exists (select from pg_roles where rolname = 'greatwheel_app') then
    create role greatwheel_app login noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
declare
  granted text;
begin
  foreach granted in array array['greatwheel_owner', 'greatwheel_app'] loop
    if not pg_has_role(current_user, granted, 'set') then
      execute format('grant %I to current_user', granted);
    end if;
  end loop;
exception when unique_violation then null;
end
$$;

do $$
begin
  if exists (
    select from pg_roles where rolname = 'greatwheel_app' and (rolsuper or rolbypassrls)
  ) or pg_has_role('greatwheel_app', 'greatwheel_owner', 'member') then
    raise exception 'role greatwheel_app has more rights than it may have: take SUPERUSER, BYPASSRLS and its '
      'membership of greatwheel_owner from it';
  end if;
end
$$;

revoke create on schema public from public;
grant usage, create on schema public to greatwheel_owner;
grant usage on schema public to greatwheel_app;
