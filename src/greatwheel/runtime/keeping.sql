-- name: drop_unused_blob
-- Delete a blob that no task, session or context refers to.
delete from blobs b where b.org_id = %(org)s and b.digest = %(digest)s
  and not exists (select 1 from sessions s where s.org_id = b.org_id and b.digest in (s.snapshot, s.context))
  and not exists (select 1 from tasks t where t.org_id = b.org_id and b.digest in (t.snapshot, t.context))
