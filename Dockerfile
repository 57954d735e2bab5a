# Debian, not Alpine: the SDK's native bridge is built against glibc only. One base for every stage, which whoever builds may pin by its
# digest (docs/worker.md, "The image").
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS tools
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./

FROM tools AS build
COPY src src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
 && node lib/worker/build-bundle.js

# For docker-compose.yml alone, with `target: simulator`: it needs development packages, and production has no use for it.
FROM tools AS simulator
COPY simulator simulator
RUN node node_modules/typescript/bin/tsc -p simulator
USER node
CMD ["node", "lib/simulator/main.js"]

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The bridge comes for five platforms of some 30 MB each; the image runs on one.
RUN npm ci --omit=dev --ignore-scripts \
 && cd node_modules/@temporalio/core-bridge/releases \
 && keep=$(node -p "process.arch === 'arm64' ? 'aarch64-unknown-linux-gnu' : 'x86_64-unknown-linux-gnu'") \
 && find . -mindepth 1 -maxdepth 1 ! -name "$keep" -exec rm -rf {} +

FROM ${NODE_IMAGE}
# The slim image has no authorities at all, and the connection to Temporal trusts those of the system.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
# glibc keeps arenas of memory for each thread, eight times the cores: two take a sixth less for each run in flight (docs/benchmarks.md).
ENV MALLOC_ARENA_MAX=2
# On a large machine V8 lets a heap grow to four times what is in use before it looks for garbage, below 2 GB of limit to less than twice:
# a run with up to 500 servers under way took 646 MB, of which 378 were left after a collection; below a limit of 1,024 MB it takes 460.
# 2,000 cached runs need a fifth of that. Smaller semi-spaces (8 MB) made no difference. So image/start.sh sets 1,024 MB, or a third of
# what the container may use, whichever is less.
# Probes and scrapes come from outside the container; on a plain machine the defaults are its loopback.
ENV ECS_NICS_HEALTH_ADDRESS=0.0.0.0:8081 ECS_NICS_METRICS_ADDRESS=0.0.0.0:9464
EXPOSE 8081 9464
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/lib lib
COPY package.json ./
COPY image/start.sh ./
USER node
# An address without a port is `off`: then nobody can be asked, which is no illness.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s \
  CMD ["node", "-e", "const [, host, port] = /^(.*):(\\d+)$/.exec(process.env.ECS_NICS_HEALTH_ADDRESS) ?? []; if (port) fetch(`http://${/^(0\\.0\\.0\\.0|\\[::\\])?$/.test(host) ? '127.0.0.1' : host}:${port}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Exec form, and the entry ends with `exec`: node is the process that gets SIGTERM, and drains.
ENTRYPOINT ["/bin/sh", "/app/start.sh"]
CMD ["node", "lib/worker.js"]
