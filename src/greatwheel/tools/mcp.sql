-- MCP servers of an organisation. Each statement runs in a transaction of that organisation.

-- name: count_servers
-- How many servers the organisation has.
select count(*) as servers from mcp_servers;

-- name: add_server
-- Declare a server; no row when there is one of that name.
insert into mcp_servers (org_id, name, url, headers, trust_hints, seconds, max_response_bytes)
values (
  %(org_id)s, %(name)s, %(url)s, %(headers)s::jsonb, %(trust_hints)s, %(seconds)s, %(max_response_bytes)s
)
on conflict do nothing
returning name, url, headers, trust_hints, seconds, max_response_bytes, seen, created_at;

-- name: list_servers
-- The organisation's servers by name: those after one, and so many; or all.
select name, url, headers, trust_hints, seconds, max_response_bytes, seen, created_at from mcp_servers
where (%(after)s::text is null or name > %(after)s)
order by name limit %(limit)s::bigint;

-- name: find_server
-- The server of that name.
select name, url, headers, trust_hints, seconds, max_response_bytes, seen, created_at from mcp_servers
where name = %(name)s;

-- name: remove_server
-- Forget a server.
delete from mcp_servers where name = %(name)s returning name;

-- name: note_seen
-- What a worker saw of a server, unless it was declared anew meanwhile.
update mcp_servers set seen = %(seen)s::jsonb where name = %(name)s and url = %(url)s;
