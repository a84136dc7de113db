-- MCP servers whose tools an organisation's agents may use.

create table mcp_servers (
  org_id text not null references orgs on delete cascade,
  name text not null,
  url text not null,
  headers jsonb not null default '{}',
  trust_hints boolean not null default false,
  seconds real not null default 60,
  max_response_bytes integer not null default 200000,
  seen jsonb,
  created_at timestamptz not null default now(),
  primary key (org_id, name)
);
comment on column mcp_servers.headers is 'Templates: a secret stands in them by its name alone';
comment on column mcp_servers.seen is 'What a worker last saw of it: its tools, or why it could not be had';

alter table mcp_servers enable row level security;
alter table mcp_servers force row level security;
create policy own_rows on mcp_servers to greatwheel_app using (org_id = current_setting('greatwheel.org', true))
  with check (org_id = current_setting('greatwheel.org', true));
create policy owner_all on mcp_servers to greatwheel_owner using (true) with check (true);
grant select, insert, update, delete on mcp_servers to greatwheel_app;
