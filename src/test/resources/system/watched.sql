-- Keeps a list of all that was ever committed to a version table, however short it stood there: whatever the operator
-- reports must be in this list. A deferred trigger fires when the transaction commits and sees what it commits.
CREATE SCHEMA watched;
CREATE TABLE watched.states (id bigserial, rows text[] NOT NULL);

CREATE FUNCTION watched.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  found text[];
BEGIN
  EXECUTE format('SELECT coalesce(array_agg(version_num::text), ''{}'') FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME)
    INTO found;
  INSERT INTO watched.states (rows) VALUES (found);
  RETURN NULL;
END $$;

CREATE FUNCTION watched.watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  made record;
BEGIN
  FOR made IN
    SELECT command.objid::regclass AS name
    FROM pg_event_trigger_ddl_commands() command
    JOIN pg_attribute ON attrelid = command.objid AND attname = 'version_num'
    WHERE command.command_tag = 'CREATE TABLE' AND command.object_type = 'table'
  LOOP
    EXECUTE format(
      'CREATE CONSTRAINT TRIGGER watched AFTER INSERT OR UPDATE OR DELETE ON %s
       DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION watched.note()', made.name);
  END LOOP;
END $$;

CREATE EVENT TRIGGER watched ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watched.watch();
