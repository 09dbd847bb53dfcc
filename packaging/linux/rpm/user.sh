getent group busbar >/dev/null || groupadd --system busbar
getent passwd busbar >/dev/null || useradd --system --gid busbar --home-dir /var/lib/busbar --no-create-home --shell /sbin/nologin busbar
