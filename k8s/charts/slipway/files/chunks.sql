-- How much there is for workers to do: the chunks of the workload, waiting or running, of which a worker is given a
-- few. Without any, 1 if something else is due that only workers do, so that it wakes one where none runs.
--
-- Read by the role slipway_scaler, across tenants. It may read these columns and no others:
--   job_chunks (workload)
--   jobs (state, touched_at)
--   webhook_deliveries (endpoint_id, state, available_at)
--   webhook_endpoints (id, enabled, broken_until)
--   tenants (id)
--   audit_log (tenant_id, xid, at)
--   audit_seals (tenant_id, sequence, upto_xid)
--
-- psql -v workload=triage -f chunks.sql
SELECT greatest(
    (SELECT count(*) FROM job_chunks WHERE workload = :'workload'),
    CASE WHEN
        -- Webhooks under way, or left behind by a worker that is gone.
        EXISTS (SELECT FROM webhook_deliveries WHERE state = 'sending')
        -- Webhooks that are due, to endpoints that get any.
        OR EXISTS (
            SELECT FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
            WHERE d.state = 'pending' AND d.available_at <= now()
                AND e.enabled AND (e.broken_until IS NULL OR e.broken_until <= now())
        )
        -- Audit entries that no seal covers. A worker that runs seals each second.
        OR EXISTS (
            SELECT FROM tenants t
            LEFT JOIN LATERAL (
                SELECT upto_xid FROM audit_seals WHERE tenant_id = t.id ORDER BY sequence DESC LIMIT 1
            ) s ON true
            JOIN LATERAL (
                SELECT min(at) AS oldest FROM audit_log
                WHERE tenant_id = t.id AND xid >= coalesce(s.upto_xid, '0'::xid8)
            ) l ON l.oldest < now() - interval '60 seconds'
        )
        -- Uploads that were abandoned long ago.
        OR EXISTS (SELECT FROM jobs WHERE state = 'receiving' AND touched_at < now() - interval '10 minutes')
    THEN 1 ELSE 0 END
)
