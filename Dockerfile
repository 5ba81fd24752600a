# The bundle is all that runs: no node_modules, no build tools, no root, and no shell is needed.
#
# A base is chosen by its exact tag here, and by its digest in the workflows: --build-arg RUNTIME_IMAGE=…@sha256:….
# Any base will do that has Node 24 as `node` in its PATH, or in /nodejs/bin as the distroless ones have.
ARG NODE_VERSION=24.21.0
ARG BUILD_IMAGE=docker.io/library/node:${NODE_VERSION}-bookworm-slim
ARG RUNTIME_IMAGE=docker.io/library/node:${NODE_VERSION}-bookworm-slim

# Runs on the builder's own processor: what it makes is JavaScript alone, and serves amd64 and arm64 alike.
FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE} AS build
WORKDIR /broker-sync
COPY package.json package-lock.json ./
# Not by npm sbom --omit dev alone: it leaves out effect, too, as tools of the development need it as well.
RUN mkdir -p /out/app /out/volume /sbom/broker-sync && mkdir -m 0700 /out/volume/data \
  && cp package.json package-lock.json /sbom/broker-sync && cd /sbom/broker-sync \
  && npm pkg delete devDependencies && npm prune --package-lock-only --offline --silent \
  && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx --sbom-type application > /out/app/sbom.json
# Changed more seldom than the sources, and by far the slowest step. For a mirror of one's own give --secret
# id=npmrc,src=…, and for its certificate id=ca, which that npmrc names by cafile=/run/secrets/ca: both stay outside.
COPY .ci/setup .ci/setup
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=ca \
  NPM_CONFIG_USERCONFIG=/run/secrets/npmrc sh .ci/setup
COPY .oxlintrc.json tsconfig.json rolldown.config.ts ./
COPY bundling ./bundling
COPY src ./src
# A label that says another release than the program does would be worse than none.
ARG VERSION=0.1.0
RUN npm run --silent types && npm run --silent lint && npm run --silent build \
  && test "$(node dist/broker-sync.mjs version)" = "${VERSION}" \
  && cp dist/broker-sync.mjs /out/app/broker-sync.mjs

# docker build --target sbom --output . puts sbom.json beside the sources.
FROM scratch AS sbom
COPY --from=build /out/app/sbom.json /sbom.json

# Nothing is run in this stage, so that its base needs no shell, and another processor's no emulation.
FROM ${RUNTIME_IMAGE}
# The number is fixed, so that the owner of a mounted volume can be told: chown 10001, or fsGroup in a pod.
COPY --from=build --chown=10001:10001 /out/volume/ /
COPY --from=build /out/app/sbom.json /app/sbom.json
COPY --from=build /out/app/broker-sync.mjs /app/broker-sync.mjs
USER 10001:10001
ENV NODE_ENV=production \
  BROKER_SYNC_DATA_DIR=/data \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/nodejs/bin
VOLUME /data
ENTRYPOINT ["node", "/app/broker-sync.mjs"]
CMD ["ibkr"]
# Last, as they differ in every build.
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
ARG SOURCE=
ARG RUNTIME_IMAGE
LABEL org.opencontainers.image.title="broker-sync" \
  org.opencontainers.image.description="Gets what a broker says into a portfolio tracker, every night, exactly once, and proves it" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.source="${SOURCE}" \
  org.opencontainers.image.base.name="${RUNTIME_IMAGE}"
