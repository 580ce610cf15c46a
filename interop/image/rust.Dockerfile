# Stands in for docker.io/library/rust:1-bookworm where no registry answers: Debian, which debootstrap has
# fetched, with the Rust and the certificates of this machine.
FROM localhost/workshop-debian
RUN mkdir -p /usr/local/cargo/bin /usr/local/rust \
    && cp -a /toolchain/bin /toolchain/lib /usr/local/rust/ \
    && ln -s /usr/local/rust/bin/cargo /usr/local/rust/bin/rustc /usr/local/cargo/bin/ \
    && cp /certificates/ca-certificates.crt /etc/ssl/certs/
ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV CARGO_HOME=/usr/local/cargo
