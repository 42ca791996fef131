# The operator. Build it from what Maven made:
#
#   ./mvnw package -DskipTests
#   docker build --build-arg VERSION=0.1.0 -t dbmigrations/operator:0.1.0 .
#
# VERSION is only said in a label. Both images can be exchanged for others with a Java 25; they must be of one build,
# since the cache fits one build of Java only (the test of the image starts it with -XX:AOTMode=on, which says so).
ARG BUILD_IMAGE=eclipse-temurin:25-jre
ARG RUN_IMAGE=eclipse-temurin:25-jre

# Learns which classes a start needs, here and in no other place: a cache that is older than its jar runs old code.
FROM ${BUILD_IMAGE} AS train
WORKDIR /opt/dbmigrations-operator
COPY target/lib/ lib/
COPY target/dbmigrations.jar ./
COPY Dockerfile.java-options java-options
RUN java @java-options -XX:AOTCacheOutput=operator.aot -jar dbmigrations.jar --train

FROM ${RUN_IMAGE}
ARG VERSION=dev
LABEL org.opencontainers.image.title="dbmigrations" \
      org.opencontainers.image.description="Migrates PostgreSQL databases to the Alembic revisions that Kubernetes resources name" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="https://github.com/dbmigrations/dbmigrations"
WORKDIR /opt/dbmigrations-operator
COPY --from=train /opt/dbmigrations-operator/ ./
USER 65532:65532
EXPOSE 8080
