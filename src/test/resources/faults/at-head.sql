-- As if all revisions of the test tree had been run, each in its own transaction.
SET ROLE migrator;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r3_third');
CREATE TABLE r1_first (id int);
CREATE TABLE r2_second (id int);
CREATE TABLE r3_third (id int);
INSERT INTO audit.ledger (revision, direction) VALUES ('r1_first', 'up'), ('r2_second', 'up'), ('r3_third', 'up');
RESET ROLE;
DELETE FROM audit.ddl;
