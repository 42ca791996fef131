package dev.dbmigrations.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.dbmigrations.api.Reason;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** What people do to the objects around a run: they delete them, make them again, and forbid what it needs. */
final class ObjectFaults {

    /** What may not be there any more after a change by a person is over within this. */
    private static final Duration A_MINUTE = Duration.ofMinutes(1);

    private static final String POD = "spec: {restartPolicy: Never, containers: [{name: probe, image: none}]}";

    private static final String A_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: probe}\n" + POD;

    private static final String A_JOB =
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: probe}\nspec: {template: {" + POD + "}}";

    private ObjectFaults() {}

    /** The same name again is another resource: the old one's Job is none of its. */
    static void recreated(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        scene.stage().delete(DeletionPropagation.BACKGROUND);
        scene.stage().create(Scene.HEAD);
        scene.awaitGone(pod);
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(2);
    }

    static void recreatedWhileTheOperatorIsAway(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Pod pod = scene.stage().pod();
        scene.operator().scale(0);
        scene.stage().delete(DeletionPropagation.BACKGROUND);
        scene.stage().create(Scene.HEAD);
        scene.operator().scale(1);
        scene.awaitGone(pod);
        scene.goOnToTheEnd();
        scene.endsAsUndisturbed(2);
    }

    /** The old one's Job lives on, and is nobody's: the new one's run waits for its lock, and then finds all done. */
    static void recreatedWithAnOrphan(Scene scene) {
        scene.beginAndStayInTheMiddle();
        scene.stage().delete(DeletionPropagation.ORPHAN);
        scene.stage().create(Scene.HEAD);
        String message = scene.message(Reason.WaitingForLock);
        assertThat(message).containsPattern("session [0-9]+ \\(dbmigrations/[0-9a-f-]+/1/.*\\) has it");
        scene.goOnToTheEnd();
        assertThat(scene.stage().end().current()).containsExactly(Trees.THIRD);
        scene.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(scene.stage().namespace())
                .withName(scene.stage().jobs().getFirst().getMetadata().getName())
                .delete();
    }

    /** All of it goes, the database stays, and the operator does not mind. */
    static void namespaceDeleted(Scene scene) {
        scene.beginAndStayInTheMiddle();
        Instant deleted = Instant.now();
        scene.stage().deleteNamespaceAndAwaitTheEnd();
        Scene.measured("namespace deleted → nothing of it is left", Duration.between(deleted, Instant.now()), A_MINUTE);
        assertThat(scene.stage().database().revisions()).isEmpty();
    }

    /** The quota is of Jobs: the API server refuses the Job itself. */
    static void quotaOfJobs(Scene scene) {
        refused(scene, """
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: no-jobs, namespace: %s}
                spec: {hard: {count/jobs.batch: "0"}}
                """.formatted(scene.stage().namespace()), "exceeded quota: no-jobs");
    }

    /** A policy of the cluster refuses the Job itself. */
    static void policyAgainstJobs(Scene scene) {
        policyAgainst(scene, "batch", "jobs");
    }

    /** The Job is made, and its pod is refused, as Pod Security would. */
    static void policyAgainstPods(Scene scene) {
        policyAgainst(scene, "''", "pods");
    }

    private static void policyAgainst(Scene scene, String group, String kind) {
        String name = "no-" + kind + "-in-" + scene.stage().namespace();
        String binding = """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: %s}
                spec: {policyName: %s, validationActions: [Deny]}
                """.formatted(name, name);
        String policy = """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: %s}
                spec:
                  matchConstraints:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}
                    resourceRules: [{apiGroups: [%s], apiVersions: [v1], operations: [CREATE], resources: [%s]}]
                  validations: [{expression: "false", message: "no migrations on Fridays"}]
                """.formatted(name, scene.stage().namespace(), group, kind);
        scene.client().resource(policy).create();
        try {
            refused(scene, binding, "no migrations on Fridays");
        } finally {
            scene.client().resource(policy).delete();
        }
    }

    private static void refused(Scene scene, String obstacle, String words) {
        scene.client().resource(obstacle).create();
        // The API server takes a moment to learn of what it has just been told.
        Awaitility.await("it counts").atMost(A_MINUTE).until(() -> refuses(scene, words));
        scene.stage().create(Scene.HEAD);
        String message = scene.message(Reason.PodRejected);
        assertThat(message).contains(words);
        Instant lifted = Instant.now();
        scene.client().resource(obstacle).delete();
        Scene.measured(
                "refusal (" + words + ") lifted → applying",
                scene.until(lifted, status -> Scene.says(status, Reason.Applying)),
                A_MINUTE);
        scene.stage().awaitReason(Reason.AtTarget);
        scene.endsAsUndisturbed(1);
    }

    private static boolean refuses(Scene scene, String words) {
        return Stream.of(A_JOB, A_POD).anyMatch(manifest -> {
            try {
                scene.client()
                        .resource(manifest)
                        .inNamespace(scene.stage().namespace())
                        .dryRun()
                        .create();
                return false;
            } catch (KubernetesClientException e) {
                return String.valueOf(e.getMessage()).contains(words);
            }
        });
    }
}
