-- Tasks that a rewind took back, orders that come twice, sessions that are made before anything is asked in them.

alter table tasks add column rewound boolean not null default false;
comment on column tasks.rewound is 'Its session was taken back to before it: nothing of it is left there';

alter table tasks add column order_digest bytea;
comment on column tasks.order_digest is 'Of what an order with an idempotency key said: a second one must say the same';

alter table sessions add column given bytea;
comment on column sessions.given is 'Digest, in blobs, of the context that it was made with: what its beginning has';
alter table sessions add column idempotency_key text;
alter table sessions add column order_digest bytea;
comment on column sessions.order_digest is 'As that of tasks, of a session that was made by an order of its own';
alter table sessions add constraint sessions_idempotency_unique unique (org_id, user_id, idempotency_key);
-- What asks whether a context is still needed.
create index sessions_given on sessions (org_id, given) where given is not null;
