package dev.dbmigrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the operator says of options that it cannot start with. */
@NullMarked
class MainTest {

    @Test
    void doesNotStartWithAPolicyThatIsNone() {
        StringWriter said = new StringWriter();

        int status = new CommandLine(new Main())
                .setErr(new PrintWriter(said))
                .execute("--policy", "[{\"namespaces\": [\"shop\"], \"greatestDowngrade\": \"Sometimes\"}]");

        assertThat(status).isEqualTo(2);
        assertThat(said.toString())
                .contains("--policy", "policy[0].greatestDowngrade is 'Sometimes'; write Never, Requested, Always");
    }
}
