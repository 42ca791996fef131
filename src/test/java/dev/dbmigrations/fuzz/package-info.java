/**
 * What strangers write, mutated by Jazzer under the guidance of coverage: {@code .ci/fuzz}. Each target's seeds and
 * findings are files of {@code src/test/resources/fuzz}, which {@code CorpusTest} runs in every build.
 */
@NullMarked
package dev.dbmigrations.fuzz;

import org.jspecify.annotations.NullMarked;
