package dev.dbmigrations;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rooms know only the neighbours that the layout allows. */
@AnalyzeClasses(packages = "dev.dbmigrations", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule apiKnowsOnlyJacksonAndKubernetesTypes = classes()
            .that()
            .resideInAPackage("..api..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "..dbmigrations.api..",
                    "java..",
                    "com.fasterxml.jackson..",
                    "io.fabric8.kubernetes.api.model..",
                    "io.fabric8.kubernetes.model.annotation..",
                    "io.fabric8.kubernetes.client",
                    "org.jspecify..");

    @ArchTest
    static final ArchRule databaseKnowsNoKubernetes = noClasses()
            .that()
            .resideInAPackage("..database..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.fabric8..", "io.javaoperatorsdk..", "..reconcile..", "..job..", "..telemetry..", "..api..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule jobKnowsNoDatabase = noClasses()
            .that()
            .resideInAPackage("..job..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.sql..",
                    "org.postgresql..",
                    "io.javaoperatorsdk..",
                    "..database..",
                    "..reconcile..",
                    "..telemetry..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule telemetryKnowsOnlyTheApi = noClasses()
            .that()
            .resideInAPackage("..telemetry..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.postgresql..", "..database..", "..job..", "..reconcile..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule decideIsPure = noClasses()
            .that()
            .haveSimpleNameStartingWith("Decide")
            .or()
            .haveSimpleName("Decision")
            .or()
            .haveSimpleName("Observation")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.sql..", "org.postgresql..", "io.fabric8.kubernetes.client..", "org.slf4j..", "java.net..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("dev.dbmigrations.(*)..").should().beFreeOfCycles();
}
