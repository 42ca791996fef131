package dev.dbmigrations.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.dbmigrations.database.Reading.AtRevisions;
import dev.dbmigrations.database.Reading.Refused;
import dev.dbmigrations.database.Reading.Unreachable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Readings of a real server. */
class RevisionReaderIT {

    private static Postgres postgres;
    private String database;

    @BeforeAll
    static void start() throws Exception {
        postgres = Postgres.running();
    }

    @BeforeEach
    void newDatabase() throws SQLException {
        database = postgres.newDatabase();
    }

    @Test
    void noVersionTableIsNoRevision() {
        AtRevisions seen = atRevisions(postgres.read(database));

        assertThat(seen.revisions()).isEmpty();
        assertThat(seen.versionTable()).isEmpty();
    }

    @Test
    void anEmptyVersionTableIsNoRevision() throws SQLException {
        sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)");

        AtRevisions seen = atRevisions(postgres.read(database));

        assertThat(seen.revisions()).isEmpty();
        assertThat(seen.versionTable()).contains(TableName.of("public", "alembic_version"));
    }

    @Test
    void readsTheRevision() throws SQLException {
        versionTable("public.alembic_version", "0e59c3885358");

        assertThat(atRevisions(postgres.read(database)).revisions()).containsExactly("0e59c3885358");
    }

    @Test
    void readsSeveralRevisionsSorted() throws SQLException {
        versionTable("public.alembic_version", "v3.0.0.d", "0e59c3885358");

        assertThat(atRevisions(postgres.read(database)).revisions()).containsExactly("0e59c3885358", "v3.0.0.d");
    }

    @Test
    void readsTheTableThatTheQuestionNames() throws SQLException {
        versionTable("public.alembic_version", "no");
        sql("CREATE SCHEMA \"My \"\"Shop\"\"; --\"");
        versionTable("\"My \"\"Shop\"\"; --\".\"It's a 'Version' \"\"x\"\"\"", "yes");
        TableName table = TableName.of("My \"Shop\"; --", "It's a 'Version' \"x\"");

        AtRevisions seen = atRevisions(read(postgres.credentials(database), table));

        assertThat(seen.revisions()).containsExactly("yes");
        assertThat(seen.versionTable()).contains(table);
    }

    @Test
    void readsATableOfAnotherNameFromTheSearchPath() throws SQLException {
        versionTable("public.other_version", "yes");

        AtRevisions seen =
                atRevisions(read(postgres.credentials(database), new TableName(Optional.empty(), "other_version")));

        assertThat(seen.revisions()).containsExactly("yes");
    }

    @Test
    void findsTheTableOnTheRolesOwnSearchPath() throws SQLException {
        Credentials app = user("path_user");
        sql(
                "CREATE SCHEMA first",
                "CREATE SCHEMA second",
                "GRANT USAGE ON SCHEMA first, second TO path_user",
                "ALTER ROLE path_user SET search_path = missing, second, first, public");
        versionTable("public.alembic_version", "public");
        versionTable("first.alembic_version", "first");
        versionTable("second.alembic_version", "second");
        sql("GRANT SELECT ON ALL TABLES IN SCHEMA first, second, public TO path_user");

        AtRevisions seen = atRevisions(postgres.read(app));

        assertThat(seen.revisions()).containsExactly("second");
        assertThat(seen.versionTable()).contains(TableName.of("second", "alembic_version"));
    }

    @Test
    void aTableElsewhereIsReadOnlyWhenNamed() throws SQLException {
        sql("CREATE SCHEMA elsewhere");
        versionTable("elsewhere.alembic_version", "there");

        assertThat(atRevisions(postgres.read(database)).revisions()).isEmpty();
        assertThat(atRevisions(read(postgres.credentials(database), TableName.of("elsewhere", "alembic_version")))
                        .revisions())
                .containsExactly("there");
    }

    @Test
    void aTableThatIsNamedAndMissingIsNoRevision() throws SQLException {
        versionTable("public.alembic_version", "no");

        AtRevisions seen = atRevisions(read(postgres.credentials(database), TableName.of("gone", "alembic_version")));

        assertThat(seen.revisions()).isEmpty();
        assertThat(seen.versionTable()).isEmpty();
    }

    @Test
    void readsAsTheRole() throws SQLException {
        Credentials app = user("login_user");
        sql("DROP ROLE IF EXISTS \"The Owner\"", "CREATE ROLE \"The Owner\"", "GRANT \"The Owner\" TO login_user");
        sql("CREATE SCHEMA AUTHORIZATION \"The Owner\"");
        versionTable("\"The Owner\".alembic_version", "owned");
        sql("ALTER TABLE \"The Owner\".alembic_version OWNER TO \"The Owner\"");

        AtRevisions seen = atRevisions(readAs(app, "The Owner"));

        assertThat(seen.versionTable()).contains(TableName.of("The Owner", "alembic_version"));
        assertThat(seen.revisions()).containsExactly("owned");
    }

    @Test
    void saysThatTheRoleDoesNotExist() throws SQLException {
        assertThat(refused(readAs(user("roleless"), "nobody")))
                .endsWith("/" + database + " has no role \"nobody\", which databaseRole names");
    }

    @Test
    void saysWhichGrantMakesTheRolePossible() throws SQLException {
        assertThat(refused(readAs(user("not_member"), "pg_monitor")))
                .endsWith("does not let the Secret's user become the role \"pg_monitor\": GRANT \"pg_monitor\" TO it");
    }

    @Test
    void saysWhichGrantLetsTheTableBeRead() throws SQLException {
        versionTable("public.alembic_version", "secret");

        assertThat(refused(postgres.read(user("no_select"))))
                .endsWith("does not let this role read public.alembic_version:"
                        + " GRANT SELECT ON \"public\".\"alembic_version\" TO the Secret's user");
    }

    @Test
    void saysWhichGrantOpensTheSchema() throws SQLException {
        sql("CREATE SCHEMA closed");
        versionTable("closed.alembic_version", "secret");
        Reading seen = read(user("no_usage"), TableName.of("closed", "alembic_version"));

        assertThat(refused(seen)).endsWith("GRANT USAGE ON SCHEMA \"closed\" TO the Secret's user");
    }

    @Test
    void aRightOnTheColumnIsEnough() throws SQLException {
        Credentials app = user("column_user");
        versionTable("public.alembic_version", "one");
        sql("GRANT SELECT (version_num) ON alembic_version TO column_user");

        assertThat(atRevisions(postgres.read(app)).revisions()).containsExactly("one");
    }

    @Test
    void rowsHiddenByAPolicyAreNotTakenForNone() throws SQLException {
        Credentials app = user("policy_user");
        versionTable("public.alembic_version", "hidden");
        sql("GRANT SELECT ON alembic_version TO policy_user", "ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY");

        assertThat(refused(postgres.read(app))).contains("hides rows of public.alembic_version");
    }

    @Test
    void aViewIsNoVersionTable() throws SQLException {
        sql("CREATE VIEW alembic_version AS SELECT 'lie'::text AS version_num");

        assertThat(unreachable(postgres.read(database))).contains("has public.alembic_version as a view");
    }

    @Test
    void aTableOfAnotherShapeIsNoVersionTable() throws SQLException {
        sql("CREATE TABLE alembic_version (id int)");

        assertThat(unreachable(postgres.read(database)))
                .contains("has public.alembic_version without a column version_num");
    }

    @Test
    void aHugeTableDoesNotFillTheMemory() throws SQLException {
        sql("CREATE TABLE alembic_version AS SELECT repeat('x', 10000) AS version_num FROM generate_series(1, 1000)");

        assertThat(unreachable(postgres.read(database))).contains("cannot be used");
    }

    @Test
    void aTableWithTooManyRowsIsNoVersionTable() throws SQLException {
        sql("CREATE TABLE alembic_version AS SELECT 'r' || i AS version_num FROM generate_series(1, 101) i");

        assertThat(unreachable(postgres.read(database)))
                .contains("has more than 100 rows in public.alembic_version: Alembic keeps one per branch");
    }

    @ParameterizedTest
    @ValueSource(strings = {"NULL", "''", "repeat('x', 256)", "E'\\x1b[31m'", "U&'\\202Egnp'", "E'two\\nlines'"})
    void aRowThatIsNoIdIsNotShown(String row) throws SQLException {
        sql("CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES (" + row + ")");

        assertThat(unreachable(postgres.read(database)))
                .endsWith("has a row in public.alembic_version that is no revision's id: ids have 1 to 255 characters,"
                        + " none of them a control character");
    }

    @Test
    void anIdMayBeOddWhereItCanBeShown() throws SQLException {
        String odd = "a'b\"c<script>$(HOME)%s\\ 日本 '; DROP TABLE alembic_version; --";
        sql("CREATE TABLE alembic_version (version_num text)");
        sql("INSERT INTO alembic_version VALUES ($$" + odd + "$$)");

        assertThat(atRevisions(postgres.read(database)).revisions()).containsExactly(odd);
    }

    @Test
    void aLockedTableIsAnAnswerInTime() throws SQLException {
        versionTable("public.alembic_version", "one");
        try (Connection other = postgres.superuser(database);
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE alembic_version");

            assertThat(unreachable(postgres.read(database))).contains("perhaps waiting for a lock");
        }
    }

    @Test
    void saysWhichDatabaseAnswered() throws SQLException {
        Identity seen = atRevisions(postgres.read(database)).database();
        sql("CREATE TABLE expected AS SELECT oid, (SELECT system_identifier FROM pg_control_system()) AS cluster"
                + " FROM pg_database WHERE datname = current_database()");

        try (Connection connection = postgres.superuser(database);
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT oid, cluster FROM expected")) {
            row.next();
            assertThat(seen.name()).isEqualTo(database);
            assertThat(seen.oid()).isEqualTo(row.getLong(1));
            assertThat(seen.systemIdentifier()).isEqualTo(row.getString(2));
            assertThat(seen.serverAddress()).matches("[0-9a-f.:]+");
            assertThat(seen.serverPort()).isEqualTo(5432);
        }
    }

    @Test
    void whatTheRoleMayNotSeeIsLeftOut() throws SQLException {
        Credentials app = user("blind_user");
        versionTable("public.alembic_version", "one");
        sql(
                "GRANT SELECT ON alembic_version TO blind_user",
                "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
                "REVOKE SELECT ON pg_stat_activity, pg_locks, pg_index FROM PUBLIC");

        AtRevisions seen = atRevisions(postgres.read(app));

        assertThat(seen.revisions()).containsExactly("one");
        assertThat(seen.database().systemIdentifier()).isNull();
        assertThat(seen.invalidIndexes()).isEmpty();
        assertThat(seen.busy()).isFalse();
    }

    @Test
    void seesWhetherItCanBeWrittenTo() throws SQLException {
        assertThat(atRevisions(postgres.read(database)).readOnly()).isFalse();
        sql("ALTER DATABASE \"" + database + "\" SET default_transaction_read_only = on");
        assertThat(atRevisions(postgres.read(database)).readOnly()).isTrue();
    }

    @Test
    void seesInvalidIndexes() throws SQLException {
        sql("CREATE SCHEMA \"Big\"", "CREATE TABLE \"Big\".t AS SELECT 1 AS a UNION ALL SELECT 1");
        try {
            sql("CREATE UNIQUE INDEX CONCURRENTLY \"Half\" ON \"Big\".t (a)");
        } catch (SQLException duplicates) {
            assertThat(duplicates.getSQLState()).isEqualTo("23505");
        }

        assertThat(atRevisions(postgres.read(database)).invalidIndexes()).containsExactly("Big.Half");
    }

    @Test
    void seesTheStepInProgressAndWhoKeepsItWaiting() throws Exception {
        String attempt = "11111111-2222-3333-4444-555555555555/4";
        sql("CREATE TABLE orders (id int)");
        try (Connection lock = postgres.superuser(database);
                Connection migrating = postgres.superuser(database);
                Connection report = postgres.superuser(database);
                ExecutorService background = Executors.newSingleThreadExecutor()) {
            execute(lock, "SET application_name = 'dbmigrations/" + attempt + "/3of12'");
            execute(lock, "SELECT /* revision 0e59c3885358 */ 1");
            execute(migrating, "SET application_name = 'dbmigrations/" + attempt + "'");
            execute(report, "SET application_name = 'monthly report'");
            report.setAutoCommit(false);
            execute(report, "INSERT INTO orders VALUES (1)");

            Future<?> build = background.submit(() -> {
                execute(migrating, "CREATE INDEX CONCURRENTLY orders_id ON orders (id)");
                return null;
            });
            Progress.Executed waiting = await("the index waits")
                    .until(
                            () -> executed(attempt),
                            seen -> seen.waitsFor().isPresent()
                                    && seen.building().isPresent());

            assertThat(waiting)
                    .returns(3, Progress.Executed::executed)
                    .returns(12, Progress.Executed::total)
                    .returns(Optional.of("0e59c3885358"), Progress.Executed::revision);
            assertThat(waiting.waitsFor()).hasValueSatisfying(blocker -> {
                assertThat(blocker.applicationName()).isEqualTo("monthly report");
                assertThat(blocker.pid()).isPositive();
                assertThat(blocker.queryStart()).isPresent();
            });
            assertThat(waiting.building())
                    .contains(new Progress.IndexBuild(
                            "public.orders", "waiting for writers before build", Optional.empty()));
            report.commit();
            build.get();

            execute(report, "LOCK TABLE orders");
            Future<?> change = background.submit(() -> {
                execute(migrating, "ALTER TABLE orders ADD COLUMN at timestamptz");
                return null;
            });
            assertThat(await("the change waits")
                            .until(() -> executed(attempt).waitsFor(), Optional::isPresent)
                            .orElseThrow()
                            .table())
                    .contains("public.orders");
            report.commit();
            change.get();

            assertThat(executed(attempt)).satisfies(free -> {
                assertThat(free.waitsFor()).isEmpty();
                assertThat(free.building()).isEmpty();
            });
        }
    }

    private Progress.Executed executed(String attempt) {
        AtRevisions reading = atRevisions(readAttempt(postgres.credentials(database), attempt));
        return (Progress.Executed) reading.progress().orElseThrow();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void seesTheHolderOfTheLockAndHowFarItIs() throws SQLException {
        String attempt = "11111111-2222-3333-4444-555555555555/3";
        Credentials app = user("onlooker");
        try (Connection runner = postgres.superuser(database);
                Statement statement = runner.createStatement()) {
            statement.execute("SET application_name = 'dbmigrations/" + attempt + "/waiting'");
            AtRevisions waiting = atRevisions(readAttempt(app, attempt));
            assertThat(waiting.busy()).isFalse();
            assertThat(waiting.lockHolder()).isEmpty();
            assertThat(waiting.progress()).contains(new Progress.Waiting());

            statement.execute("SELECT pg_advisory_lock(x'64626d6967726174'::bigint)");
            statement.execute("SET application_name = 'dbmigrations/" + attempt + "/3of12'");
            AtRevisions running = atRevisions(readAttempt(app, attempt));
            assertThat(running.busy()).isTrue();
            assertThat(running.progress()).contains(new Progress.Executed(3, 12));
            assertThat(running.lockHolder()).hasValueSatisfying(holder -> {
                assertThat(holder.applicationName()).isEqualTo("dbmigrations/" + attempt + "/3of12");
                assertThat(holder.pid()).isPositive();
                assertThat(holder.state())
                        .as("of a superuser's session, to others")
                        .isEmpty();
            });
            assertThat(atRevisions(readAttempt(postgres.credentials(database), "another/1")))
                    .satisfies(other -> {
                        assertThat(other.progress()).isEmpty();
                        assertThat(other.lockHolder().orElseThrow().state()).contains("idle");
                        assertThat(other.lockHolder().orElseThrow().since().orElseThrow())
                                .isBefore(Instant.now());
                    });
        }
    }

    @Test
    void seesAStatementThatOutlivesItsRunner() throws SQLException {
        try (Connection zombie = postgres.superuser(database);
                Statement statement = zombie.createStatement()) {
            statement.execute("SET application_name = 'dbmigrations/zombie'");
            statement.execute("SELECT pg_advisory_lock_shared(x'64626d6967726175'::bigint)");

            AtRevisions seen = atRevisions(postgres.read(database));

            assertThat(seen.busy()).isTrue();
            assertThat(seen.lockHolder().orElseThrow().applicationName()).isEqualTo("dbmigrations/zombie");
        }
    }

    @Test
    void otherLocksAndOtherDatabasesAreNotOurs() throws SQLException {
        try (Connection here = postgres.superuser(database);
                Connection there = postgres.superuser("postgres");
                Statement other = here.createStatement();
                Statement elsewhere = there.createStatement()) {
            other.execute("SELECT pg_advisory_lock(1), pg_advisory_lock(1684172137, 1735549300)");
            elsewhere.execute("SELECT pg_advisory_lock(x'64626d6967726174'::bigint)");

            assertThat(atRevisions(postgres.read(database)).busy()).isFalse();
        }
    }

    @Test
    void runsNothingThatIsPlantedOnTheSearchPath() throws SQLException {
        Credentials app = user("careful_user");
        versionTable("public.alembic_version", "one");
        sql(
                "CREATE SCHEMA trap",
                "GRANT USAGE ON SCHEMA trap TO careful_user",
                "GRANT SELECT ON alembic_version TO careful_user",
                "ALTER ROLE careful_user SET search_path = trap, pg_catalog, public",
                "CREATE FUNCTION trap.current_schemas(boolean) RETURNS name[] LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                "CREATE FUNCTION trap.current_database() RETURNS name LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                "CREATE FUNCTION trap.equal(name, name) RETURNS boolean LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                "CREATE FUNCTION trap.equal(name, text) RETURNS boolean LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                "CREATE FUNCTION trap.equal(oid, oid) RETURNS boolean LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                "CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = name, RIGHTARG = name)",
                "CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = name, RIGHTARG = text)",
                "CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = oid, RIGHTARG = oid)",
                "CREATE VIEW trap.pg_class AS SELECT 1/0 AS oid",
                "CREATE VIEW trap.pg_locks AS SELECT 1/0 AS pid");

        AtRevisions seen = atRevisions(postgres.read(app));

        assertThat(seen.revisions()).containsExactly("one");
        assertThat(seen.database().name()).isEqualTo(database);
    }

    @Test
    void leavesNoTraceInASessionThatAPoolerGivesToOthers() throws SQLException {
        versionTable("public.alembic_version", "one");
        Question question = new Question(
                postgres.credentials(database), Optional.empty(), Optional.of("pg_monitor"), Optional.empty());
        sql("GRANT SELECT ON alembic_version TO pg_monitor");
        try (Connection session = postgres.superuser(database);
                Statement statement = session.createStatement()) {
            assertThat(new Look(session, question, Timeouts.DEFAULT.read()).take(Instant.now()))
                    .isInstanceOf(AtRevisions.class);
            try (var row = statement.executeQuery("SELECT current_setting('search_path'), current_setting('role'),"
                    + " current_setting('statement_timeout'), current_setting('default_transaction_read_only')")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("\"$user\", public");
                assertThat(row.getString(2)).isEqualTo("none");
                assertThat(row.getString(3)).isEqualTo("0");
                assertThat(row.getString(4)).isEqualTo("off");
            }
        } catch (Obstacle obstacle) {
            throw new AssertionError(obstacle);
        }
    }

    private void sql(String... statements) throws SQLException {
        postgres.sql(database, statements);
    }

    private void versionTable(String table, String... revisions) throws SQLException {
        sql("CREATE TABLE " + table + " (version_num varchar(32) PRIMARY KEY)");
        for (String revision : revisions) {
            sql("INSERT INTO " + table + " VALUES ('" + revision + "')");
        }
    }

    /** A role that may log in and has no rights. */
    private Credentials user(String name) throws SQLException {
        sql("CREATE ROLE " + name + " LOGIN PASSWORD 'pa55 word%'");
        return postgres.credentials(database, name, "pa55 word%");
    }

    private static Reading read(Credentials credentials, TableName table) {
        return postgres.reader()
                .read(new Question(credentials, Optional.of(table), Optional.empty(), Optional.empty()));
    }

    private static Reading readAs(Credentials credentials, String role) {
        return postgres.reader().read(new Question(credentials, Optional.empty(), Optional.of(role), Optional.empty()));
    }

    private static Reading readAttempt(Credentials credentials, String attempt) {
        return postgres.reader()
                .read(new Question(credentials, Optional.empty(), Optional.empty(), Optional.of(attempt)));
    }

    private static AtRevisions atRevisions(Reading reading) {
        assertThat(reading).isInstanceOf(AtRevisions.class);
        return (AtRevisions) reading;
    }

    private static String refused(Reading reading) {
        assertThat(reading).isInstanceOf(Refused.class);
        return ((Refused) reading).message();
    }

    private static String unreachable(Reading reading) {
        assertThat(reading).isInstanceOf(Unreachable.class);
        return ((Unreachable) reading).message();
    }
}
