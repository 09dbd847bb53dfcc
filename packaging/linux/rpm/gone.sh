# Accounts, profiles, charges and journal in /var/lib/busbar stay.
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
