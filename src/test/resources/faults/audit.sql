-- What an oracle wants to know of a database, written down by the database itself. Each revision of the test trees
-- writes its row into the ledger in its own transaction: what is rolled back leaves no row.
CREATE SCHEMA audit;

CREATE TABLE audit.ledger (
  id bigserial PRIMARY KEY,
  revision text NOT NULL,
  direction text NOT NULL,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  pid int NOT NULL DEFAULT pg_backend_pid(),
  began timestamptz NOT NULL DEFAULT transaction_timestamp(),
  at timestamptz NOT NULL DEFAULT clock_timestamp());

-- Where it is closed, the second revision waits.
CREATE TABLE audit.gate (closed boolean NOT NULL);
INSERT INTO audit.gate VALUES (false);

GRANT USAGE ON SCHEMA audit TO migrator;
GRANT INSERT ON audit.ledger TO migrator;
GRANT USAGE ON SEQUENCE audit.ledger_id_seq TO migrator;
GRANT SELECT ON audit.gate TO migrator;

CREATE TABLE audit.ddl (
  id bigserial PRIMARY KEY,
  command text NOT NULL,
  objects text,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id());

CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO audit.ddl (command, objects)
    SELECT tg_tag, string_agg(object_identity, ' ') FROM pg_event_trigger_ddl_commands();
END $$;

CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION audit.note();
