package dev.dbmigrations.system;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** No system test forgets what is looked at after each: it has a {@link Team}. */
class EachSystemTestTest {

    private static final ArchCondition<JavaClass> HAVE_A_TEAM = new ArchCondition<>("have a team") {
        @Override
        public void check(JavaClass test, ConditionEvents events) {
            boolean has = test.getAllFields().stream()
                    .anyMatch(field -> field.getRawType().isEquivalentTo(Team.class)
                            && field.isAnnotatedWith(RegisterExtension.class));
            events.add(new SimpleConditionEvent(
                    test, has, test.getName() + " has no field @RegisterExtension Team, which scans for credentials"));
        }
    };

    @Test
    void eachHasATeamWhichLooksAtWhatTheTestLeft() {
        classes()
                .that()
                .haveSimpleNameEndingWith("IT")
                .should(HAVE_A_TEAM)
                .check(new ClassFileImporter().importPackagesOf(EachSystemTestTest.class));
    }
}
