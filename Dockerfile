# The bundle is all that runs: no node_modules, no build tools, no root.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm AS build
WORKDIR /src
COPY .ci/setup .ci/setup
COPY package.json package-lock.json ./
RUN sh .ci/setup
COPY rolldown.config.ts tsconfig.json ./
COPY src ./src
RUN node_modules/.bin/rolldown -c rolldown.config.ts

FROM node:${NODE_VERSION}-bookworm-slim
COPY --from=build /src/dist/broker-sync.mjs /app/broker-sync.mjs
# Fixed, so that the owner of a mounted volume can be told: chown 10001, or fsGroup in a pod.
RUN mkdir -m 0700 /data && chown 10001:10001 /data
USER 10001:10001
ENV NODE_ENV=production BROKER_SYNC_DATA_DIR=/data
VOLUME /data
ENTRYPOINT ["node", "/app/broker-sync.mjs"]
CMD ["ibkr"]
