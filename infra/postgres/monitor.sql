-- The role of the exporter: it sees statistics, and no table.
\set password `cat /run/slipway/monitor_password`
CREATE ROLE slipway_monitor LOGIN PASSWORD :'password' CONNECTION LIMIT 5;
GRANT pg_monitor TO slipway_monitor;
