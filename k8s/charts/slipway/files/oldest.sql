-- For how many seconds the chunk that waits longest could have been worked on; 0 if none waits. A chunk that may not
-- be tried again yet does not count: more workers would not help it.
--
-- Read by the role slipway_scaler, across tenants. It may read these columns and no others:
--   job_chunks (workload, state, available_at)
--
-- psql -v workload=triage -f oldest.sql
SELECT coalesce(extract(epoch FROM now() - min(available_at)), 0)
FROM job_chunks
WHERE workload = :'workload' AND state = 'waiting' AND available_at <= now()
