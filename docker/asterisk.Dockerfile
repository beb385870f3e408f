# The test PBX in a container: asterisk-conf/ on Debian's Asterisk. Not for calls of your own.
FROM debian:forky-slim
# The user is there before the package, so that its number is known: compose.yaml gives it the
# volume of the secret. The group is callcue's.
RUN groupadd --gid 10001 callcue \
    && useradd --uid 10002 --gid callcue --home-dir /var/lib/asterisk --shell /usr/sbin/nologin asterisk \
    && apt-get update \
    && apt-get install --yes --no-install-recommends \
        asterisk asterisk-core-sounds-en-gsm asterisk-core-sounds-en-wav iproute2 \
    && rm -rf /var/lib/apt/lists/* /etc/asterisk/* \
    && mkdir -p /run/asterisk \
    && chown -R asterisk:callcue /etc/asterisk /run/asterisk /var/lib/asterisk /var/log/asterisk /var/spool/asterisk
COPY asterisk-conf/*.conf asterisk-conf/test-pbx/*.conf /usr/local/share/test-pbx/
COPY docker/asterisk/conf /usr/local/share/test-pbx/container
COPY docker/asterisk/start /usr/local/bin/start-test-pbx
USER asterisk
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s \
    CMD ["asterisk", "-rx", "core waitfullybooted"]
ENTRYPOINT ["start-test-pbx"]
