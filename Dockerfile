# syntax=docker/dockerfile:1
# Eyelet in a container: nothing but the static binary, certificate authorities and three folders. docs/docker.md.
#
# The binaries are made before, outside: `cross/build.sh amd64 arm64 armv7 armv6`, then
#
#   docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7,linux/arm/v6 -t eyelet .
#
# This stage runs on the machine that builds; no emulation is needed.
FROM --platform=$BUILDPLATFORM alpine:3 AS root
RUN mkdir -p /root-fs/data /root-fs/tmp /root-fs/etc/ssl/certs \
    && cp /etc/ssl/certs/ca-certificates.crt /root-fs/etc/ssl/certs/ \
    && echo 'eyelet:x:1000:1000:Eyelet:/data:/sbin/nologin' > /root-fs/etc/passwd \
    && echo 'eyelet:x:1000:' > /root-fs/etc/group \
    && chown 1000:1000 /root-fs/data \
    && chmod 1777 /root-fs/tmp

FROM scratch
# amd64, arm64, arm + v7, arm + v6: the folders of target/dist.
ARG TARGETARCH
ARG TARGETVARIANT
COPY --from=root /root-fs/ /
COPY --chmod=755 target/dist/${TARGETARCH}${TARGETVARIANT}/eyelet /usr/bin/eyelet
LABEL org.opencontainers.image.title="Eyelet" \
      org.opencontainers.image.description="A server for Blynk apps and devices" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"

# Any key of docs/configuration.md as EYELET_..., and the names of the Java server's images; no log files: the log is the container's output.
ENV EYELET_DATA_FOLDER=/data \
    EYELET_LOGS_FOLDER= \
    LEGACY_VARIABLES=true \
    PATH=/usr/bin
USER 1000:1000
# server.properties, mail.properties and the other files are looked for here too.
WORKDIR /data
VOLUME /data
# HTTP, websockets and plain hardware; apps, TLS and admin pages; MQTT
EXPOSE 8080 9443 8440
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/bin/eyelet", "health"]
# SIGTERM saves everything.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/eyelet"]
