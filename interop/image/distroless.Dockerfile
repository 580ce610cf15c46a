# Stands in for gcr.io/distroless/cc-debian12 where no registry answers: the C library of Debian, and the
# certificates of this machine.
FROM localhost/workshop-debian AS debian
WORKDIR /out
RUN mkdir -p lib/x86_64-linux-gnu lib64 etc/ssl/certs tmp \
    && cd /lib/x86_64-linux-gnu \
    && cp -L ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6 /out/lib/x86_64-linux-gnu/ \
    && cp -L /lib64/ld-linux-x86-64.so.2 /out/lib64/ \
    && cp /etc/passwd /etc/group /out/etc/ \
    && cp /certificates/ca-certificates.crt /out/etc/ssl/certs/
FROM scratch
COPY --from=debian /out/ /
