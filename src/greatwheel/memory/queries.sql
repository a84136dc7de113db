-- name: store
-- Remember a value, instead of what was known under its key.
insert into memories (org_id, scope, key, value, metadata)
values (%(org_id)s, %(scope)s, %(key)s, %(value)s, %(metadata)s::jsonb)
on conflict (org_id, scope, key)
do update set value = excluded.value, metadata = excluded.metadata, updated_at = now();

-- name: search
-- Memories with any of the query's words, the most relevant first.
with wanted as (
  select replace(plainto_tsquery('simple', %(query)s)::text, ' & ', ' | ')::tsquery as words
)
select key, value, metadata, ts_rank(memories.words, wanted.words)::float8 as score
from memories, wanted
where scope = %(scope)s and memories.words @@ wanted.words
order by score desc, updated_at desc, key
limit %(top_k)s;

-- name: recent
-- The newest memories.
select key, value, metadata, 0::float8 as score
from memories
where scope = %(scope)s
order by updated_at desc, key
limit %(top_k)s;

-- name: listed
-- The memories of a scope, the newest first: those behind one, and so many.
select key, value, metadata, 0::float8 as score, updated_at
from memories
where scope = %(scope)s and (%(at)s::timestamptz is null or (updated_at, key) < (%(at)s::timestamptz, %(after)s::text))
order by updated_at desc, key desc
limit %(limit)s;

-- name: forget
-- Forget a memory.
delete from memories where scope = %(scope)s and key = %(key)s returning key;
