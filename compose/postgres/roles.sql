-- Databases and roles of the stack, the same after every run. Passwords come from the environment.
-- bi_reader may only select; superset_reader logs in as a member of it.
set client_min_messages = warning;
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv warehouse_password MARTS_DB_PASSWORD
\getenv superset_password SUPERSET_DB_PASSWORD
\getenv reader_password SUPERSET_READER_PASSWORD

select format('create role %I', wanted.name)
from (values ('airflow'), ('warehouse'), ('superset'), ('superset_reader'), ('bi_reader')) as wanted (name)
where not exists (select from pg_roles where rolname = wanted.name) \gexec

alter role airflow login password :'airflow_password';
alter role warehouse login password :'warehouse_password';
alter role superset login password :'superset_password';
alter role superset_reader login password :'reader_password' connection limit 30;
alter role bi_reader nologin;
grant bi_reader to superset_reader;

select format('create database %I owner %I', wanted.name, wanted.name)
from (values ('airflow'), ('warehouse'), ('superset')) as wanted (name)
where not exists (select from pg_database where datname = wanted.name) \gexec

revoke all on database airflow, warehouse, superset from public;
grant connect on database warehouse to bi_reader;
alter role superset_reader in database warehouse set default_transaction_read_only = on;
alter role superset_reader in database warehouse set statement_timeout = '60s';
