-- name: drop_unused_blob
-- Delete a blob that no task, session or context refers to.
delete from blobs b where b.org_id = %(org)s and b.digest = %(digest)s
  and not exists (select 1 from sessions s where s.org_id = b.org_id and b.digest in (s.snapshot, s.context))
  and not exists (select 1 from tasks t where t.org_id = b.org_id and b.digest in (t.snapshot, t.context))

-- name: kept_blobs
-- All that sessions and tasks refer to: how it is bound, and the beginning of its sealed bytes.
with kept as (
  select snapshot as digest, 'dump:' || session_id as binding from sessions where org_id = %(org)s
  union select snapshot, 'dump:' || session_id from tasks where org_id = %(org)s
  union select context, 'context' from sessions where org_id = %(org)s
  union select context, 'context' from tasks where org_id = %(org)s
)
select b.digest, kept.binding, substring(b.data from 1 for 9) as head
from kept join blobs b on b.org_id = %(org)s and b.digest = kept.digest
