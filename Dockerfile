# The operator's image, from what Maven made:
#
#   ./mvnw package -DskipTests
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t dbmigrations/operator:0.1.0 .
#
# Both images may be others with Java 25, of one and the same build of it: the cache fits that build alone. A test
# starts the image with -XX:AOTMode=on, where Java refuses a cache that does not fit instead of starting slowly.
ARG BUILD_IMAGE=eclipse-temurin:25-jre
ARG RUN_IMAGE=eclipse-temurin:25-jre

# Learns which classes a start needs. Always from the very jars that are shipped: Java runs the code of a cache that is
# older than its jar without a word.
FROM ${BUILD_IMAGE} AS train
WORKDIR /opt/dbmigrations-operator
COPY target/lib/ lib/
COPY target/dbmigrations.jar ./
# One file for training and running: with other flags the cache would not be used. Small and quick to start counts;
# there is nothing to compute. Java fills a heap before it sweeps it, so the heap's bound is what it takes. The classes'
# archive stays where it was written for, so that its pages are the file's own, and the C library gives back what it does
# not use. Out of memory means a restart by Kubernetes, not a limping operator.
RUN printf '%s\n' \
      -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UseCompactObjectHeaders \
      -Xmx64m -Xmn16m -XX:+ExitOnOutOfMemoryError \
      -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 -XX:TrimNativeHeapInterval=60000 > java-options \
 && java @java-options -XX:AOTCacheOutput=operator.aot -jar dbmigrations.jar --train

FROM ${RUN_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="dbmigrations" \
      org.opencontainers.image.description="A Kubernetes operator that migrates PostgreSQL databases with Alembic" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/dbmigrations/dbmigrations"
WORKDIR /opt/dbmigrations-operator
COPY --from=train /opt/dbmigrations-operator/ ./
# What this image is made of.
COPY target/dbmigrations.cdx.json ./
USER 65532:65532
# A heap of the C library for each of many threads would hold on to what each has freed.
ENV MALLOC_ARENA_MAX=2
EXPOSE 8080
ENTRYPOINT ["java", "@java-options", "-XX:AOTCache=operator.aot", "-jar", "dbmigrations.jar"]
