# The image of Sidings itself: the one binary, git, and the certificates to reach a forge.
#
# The binary is built beforehand, because Debian's own Rust is too old for this edition. Build it on Debian 12 or
# anything as old: a binary needs a C library at least as new as the one that it was linked with.
#
#     cargo build --release
#     docker build -t sidings:dev .
#
# From another target folder, or for another platform:
#
#     docker build -t sidings:dev --build-arg BINARY=target/x86_64-unknown-linux-gnu/release/sidings .
#
# A controller needs only its data folder (its address must be set, as it binds loopback unless told):
#
#     docker run -d -p 7117:7117 -v sidings:/var/lib/sidings sidings:dev controller …
#
# A runner drives the Engine of its host, so it needs the Engine's socket, the group that may open it, and its data
# folder bound at the same path inside and outside, because the Engine resolves the paths of workspaces on the host:
#
#     docker run -d -v /var/run/docker.sock:/var/run/docker.sock --group-add "$(stat -c %g /var/run/docker.sock)" \
#       -v /var/lib/sidings:/var/lib/sidings sidings:dev runner …
FROM debian:bookworm-slim

# The number is fixed, so that a folder of the host can be given to this user beforehand.
RUN apt-get update \
 && apt-get install -y --no-install-recommends git ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 7117 --home-dir /var/lib/sidings --no-create-home sidings \
 && install -d -o sidings -g sidings /var/lib/sidings

ARG BINARY=target/release/sidings
COPY ${BINARY} /usr/local/bin/sidings

USER sidings
WORKDIR /var/lib/sidings
VOLUME /var/lib/sidings
EXPOSE 7117
ENTRYPOINT ["sidings"]
