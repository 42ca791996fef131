package dev.dbmigrations;

import dev.dbmigrations.Leadership.LeaseName;
import dev.dbmigrations.reconcile.Policy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Starts the operator, and stops it in order. */
@Command(
        name = "dbmigrations",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "Reconciles PostgreSQL schemas to Alembic revisions.")
public final class Main implements Callable<Integer> {

    @Option(
            names = "--namespaces",
            split = ",",
            defaultValue = "${env:WATCH_NAMESPACES:-}",
            description = "Namespaces to look after, separated by commas; all when empty. $WATCH_NAMESPACES")
    private List<String> namespaces = List.of();

    @Option(
            names = "--port",
            defaultValue = "${env:HTTP_PORT:-8080}",
            description = "Port of /healthz, /readyz and /metrics. $HTTP_PORT, default 8080")
    private int port;

    @Option(
            names = "--job-run-as-user",
            defaultValue = "${env:JOB_RUN_AS_USER:-65532}",
            description = "User, group and fsGroup of the Jobs' pods; 'none' leaves them to the platform."
                    + " $JOB_RUN_AS_USER, default 65532")
    private String jobRunAsUser = "65532";

    @Option(
            names = "--policy",
            defaultValue = "${env:POLICY:-}",
            converter = PolicyText.class,
            description = "What no resource of a namespace can go below, as the chart's value policy, in JSON;"
                    + " nothing when empty. $POLICY")
    private Policy policy = Policy.NONE;

    @Option(
            names = "--leader-election-lease",
            defaultValue = "${env:LEADER_ELECTION_LEASE:-}",
            description = "Lease of which one of several operators works, as <namespace>/<name>; empty where there is"
                    + " one operator only. $LEADER_ELECTION_LEASE")
    private String lease = "";

    @Option(names = "--train", hidden = true, description = "Load what a start needs, and exit: for the AOT cache.")
    private boolean train;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = new Configuration(
                namespaces.stream().filter(name -> !name.isBlank()).toList(),
                port,
                user(),
                policy,
                lease.isBlank() ? Optional.empty() : Optional.of(LeaseName.of(lease)));
        if (train) {
            Training.run(configuration);
            return 0;
        }
        RunningOperator operator = RunningOperator.start(configuration);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(operator::close));
        // Until the process is told to end: the hook does the rest.
        new CountDownLatch(1).await();
        return 0;
    }

    private Optional<Long> user() {
        return jobRunAsUser.isBlank() || jobRunAsUser.equals("none")
                ? Optional.empty()
                : Optional.of(Long.parseLong(jobRunAsUser));
    }

    /**
     * What a start needs to know.
     *
     * @param namespaces to look after; all when empty
     * @param port of the health endpoints; 0 for any free one
     * @param jobUser user, group and {@code fsGroup} of the Jobs' pods
     * @param policy what no resource can go below
     * @param lease of the one that works, where there may be several
     */
    record Configuration(
            List<String> namespaces, int port, Optional<Long> jobUser, Policy policy, Optional<LeaseName> lease) {

        /** How long what is under way gets to end when the operator stops: no write is cut in two. */
        static final Duration STOPPING = Duration.ofSeconds(5);
    }

    /** Says what is wrong with a policy before anything starts. */
    static final class PolicyText implements ITypeConverter<Policy> {
        @Override
        public Policy convert(String json) {
            try {
                return Policy.parse(json);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** The jar's own version. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            @Nullable String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"dbmigrations " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
