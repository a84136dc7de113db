-- Files that were uploaded to be contexts of tasks. Their content is a blob, as any context's; a row is dropped after a
-- day, and the blob with it if no task or session has it.

create table uploads (
  org_id text not null,
  upload_id text not null,
  user_id text not null,
  name text not null,
  chars bigint not null,
  digest bytea not null,
  created_at timestamptz not null default now(),
  primary key (org_id, upload_id),
  foreign key (org_id, user_id) references users on delete cascade
);
comment on column uploads.digest is 'Of the context in blobs';
create index uploads_by_digest on uploads (org_id, digest);
create index uploads_by_age on uploads (org_id, created_at);
-- What asks whether a context is still needed.
create index sessions_context on sessions (org_id, context) where context is not null;
create index tasks_context on tasks (org_id, context) where context is not null;
create index session_points_context on session_points (org_id, context) where context is not null;

alter table uploads enable row level security;
alter table uploads force row level security;
create policy own_rows on uploads to greatwheel_app using (org_id = current_setting('greatwheel.org', true))
  with check (org_id = current_setting('greatwheel.org', true));
create policy owner_all on uploads to greatwheel_owner using (true) with check (true);
grant select, insert, update, delete on uploads to greatwheel_app;

-- Organisations that have an upload whose time is over.
create function gw_orgs_with_old_uploads()
returns table (org_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select distinct u.org_id from uploads u where u.created_at < now() - interval '1 day'
$$;
revoke execute on function gw_orgs_with_old_uploads() from public;
grant execute on function gw_orgs_with_old_uploads() to greatwheel_app;
