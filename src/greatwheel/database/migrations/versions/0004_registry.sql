-- What the registry must know across organisations: whose agents read a file that has changed.

create function agents_read_from(wanted agent_source, paths text[])
returns table (org_id text, agent_id text)
language sql stable security definer
set search_path = public, pg_temp
as $$
  select d.org_id, d.agent_id from agent_defs d
  where d.source_kind = wanted and wanted in ('file', 'git') and d.removed_at is null
    and (paths is null or d.location->>'path' = any (paths))
  order by d.org_id, d.agent_id
$$;
revoke all on function agents_read_from(agent_source, text[]) from public;
grant execute on function agents_read_from(agent_source, text[]) to greatwheel_app;

create index agent_defs_read_from on agent_defs (source_kind, (location->>'path')) where removed_at is null;
