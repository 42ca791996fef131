package dev.dbmigrations.faults;

import dev.dbmigrations.api.DatabaseMigrationSpec;
import dev.dbmigrations.testing.Cluster;
import dev.dbmigrations.testing.TestImages;
import java.util.List;

/** The trees whose revisions write down that they ran: r1, r2 and r3, one after the other. */
final class Trees {

    static final String FIRST = "r1_first";
    static final String SECOND = "r2_second";
    static final String THIRD = "r3_third";

    static final String IMAGE = "dbmigrations/ledger-trees:faults";

    /** An older image, which does not have the third revision yet. */
    static final String OLDER_IMAGE = "dbmigrations/ledger-trees-older:faults";

    private static final String FOLDER = "src/test/resources/images/ledger";

    private Trees() {}

    /** Builds both images and makes them known to the cluster. */
    static void provide(Cluster cluster) {
        TestImages.build(TestImages.TREES, "src/test/resources/images/trees");
        TestImages.build(IMAGE, FOLDER, "BASE=" + TestImages.TREES);
        TestImages.build(OLDER_IMAGE, FOLDER, "BASE=" + TestImages.TREES, "WITHOUT=ledger/third/r3_third.py");
        cluster.importImages(List.of(IMAGE, OLDER_IMAGE));
    }

    /** {@return what the target of a spec means in its image} */
    static List<String> resolved(DatabaseMigrationSpec spec) {
        return switch (spec.targetRevision()) {
            case "head" -> List.of(spec.image().equals(OLDER_IMAGE) ? SECOND : THIRD);
            case "base" -> List.of();
            default -> List.of(spec.targetRevision());
        };
    }
}
