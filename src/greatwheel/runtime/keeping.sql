-- name: drop_unused_dump
-- Delete a dump of a session to which neither it, nor a point of it, nor a task of it refers.
delete from blobs b where b.org_id = %(org)s and b.digest = %(digest)s
  and not exists (
    select from sessions s where s.org_id = b.org_id and s.session_id = %(session)s and s.snapshot = b.digest
  )
  and not exists (
    select from tasks t where t.org_id = b.org_id and t.session_id = %(session)s and t.snapshot = b.digest
  )
  and not exists (
    select from session_points p where p.org_id = b.org_id and p.session_id = %(session)s and p.snapshot = b.digest
  )

-- name: kept_blobs
-- All that sessions, their points, tasks and uploads refer to: how it is bound, and the beginning of its sealed bytes.
with kept as (
  select snapshot as digest, 'dump:' || session_id as binding from sessions where org_id = %(org)s
  union select snapshot, 'dump:' || session_id from tasks where org_id = %(org)s
  union select snapshot, 'dump:' || session_id from session_points where org_id = %(org)s
  union select context, 'context' from session_points where org_id = %(org)s
  union select context, 'context' from sessions where org_id = %(org)s
  union select context, 'context' from tasks where org_id = %(org)s
  union select given, 'context' from sessions where org_id = %(org)s
  union select digest, 'context' from uploads where org_id = %(org)s
)
select b.digest, kept.binding, substring(b.data from 1 for 9) as head
from kept join blobs b on b.org_id = %(org)s and b.digest = kept.digest
