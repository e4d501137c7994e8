# The same Node as in package.json. Debian, not Alpine: what is tested is glibc.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

# Without the optional packages: Node is here already, and the database is a service of its own.
FROM base AS dependencies
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM base
ENV NODE_ENV=production
# By itself the space for new objects grows to 64 MiB a half under load, and stays: a worker behind a backlog took 440 MB instead of 300.
ENV NODE_OPTIONS=--max-semi-space-size=16
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY openapi.yaml postman-collection.json run.js ./
USER node
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["node", "dist/health-check.js", "api"]
# A role as last argument makes it one of the services of docker-compose.yml; without one it is all of them.
CMD ["node", "dist/main.js"]
