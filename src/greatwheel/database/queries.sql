-- name: share_blob
-- Whether an organisation has a blob; if so nobody can delete it before this transaction ends.
select 1 as found from blobs where org_id = %(org_id)s and digest = %(digest)s for key share;

-- name: put_blob
-- Keep a blob; one that came meanwhile has the same content.
insert into blobs (org_id, digest, data, raw_size) values (%(org_id)s, %(digest)s, %(data)s, %(raw_size)s)
on conflict (org_id, digest) do nothing;

-- name: get_blob
-- A blob's sealed bytes.
select data from blobs where org_id = %(org_id)s and digest = %(digest)s;

-- name: lock_blob
-- A blob's sealed bytes, locked until the transaction ends.
select data from blobs where org_id = %(org_id)s and digest = %(digest)s for no key update;

-- name: replace_blob
-- The same content, sealed anew.
update blobs set data = %(data)s where org_id = %(org_id)s and digest = %(digest)s;
