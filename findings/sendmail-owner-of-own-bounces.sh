#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An owner- alias gives a list's mail the owner as envelope sender, also mail that came in with a null sender. A bounce that
# Sendmail makes itself and that goes to the same list leaves with MAIL FROM:<> all the same, unless its mailer has flag g.
# Needs Debian 12's package sources, m4, Python with venv, and root (namespaces of its own for the host's name, /etc/hosts).
# Sendmail 8.17.1.9; its Operations Guide describes flag g, and aliases(5) the owner, neither with the other.
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-bin=$version" "sendmail-cf=$version" "libmilter1.0.1=$version" libwrap0 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" x; done
cp x/usr/libexec/sendmail/sendmail daemon && chmod 755 daemon  # without its setgid bit it takes LD_LIBRARY_PATH
python3 -m venv env && env/bin/pip install --quiet aiosmtpd==1.4.6 2>/dev/null
mkdir queue && chmod 777 queue
cat >sink.py <<'PYTHON'
import socket, time
from aiosmtpd.controller import Controller
class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return "250 ok"
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"
    async def handle_DATA(self, server, session, envelope):
        with open("seen", "a") as file:
            file.write(f"<{envelope.mail_from.strip('<>')}> to {','.join(envelope.rcpt_tos)}\n")
        return "250 ok"
with socket.socket() as free:  # aiosmtpd knocks at the port that it was given, so 0 does not do
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
Controller(Handler(), hostname="127.0.0.1", port=port, ready_timeout=20).start()
print(port, flush=True)
time.sleep(300)  # it serves in threads until the script's trap ends it; this is the bound should no trap run
PYTHON
printf 'team: outside@there.example\nowner-team: owner@test.example\n' >aliases
config() { # FLAGS PORT
  cat >test.mc <<CONFIGURATION
OSTYPE(\`linux')dnl
define(\`QUEUE_DIR', \`$folder/queue')dnl
define(\`STATUS_FILE', \`$folder/statistics')dnl
define(\`confPID_FILE', \`$folder/pid')dnl
define(\`confCW_FILE', \`-o $folder/none')dnl
define(\`ALIAS_FILE', \`text:-k0 -v1 -z: $folder/aliases')dnl
define(\`confDONT_BLAME_SENDMAIL', \`MapInUnsafeDirPath')dnl
define(\`SMART_HOST', \`probe:[127.0.0.1]')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
MAILER_DEFINITIONS
Mprobe, P=[IPC], F=mDFMuXa8$1, S=EnvFromSMTP/HdrFromSMTP, R=MasqSMTP, E=\\r\\n, L=2040, T=DNS/RFC822/SMTP, A=TCP \$h $2
CONFIGURATION
  m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
}
cat >run <<'RUN'
. ./settings
export LD_LIBRARY_PATH=x/usr/lib/x86_64-linux-gnu:x/lib/x86_64-linux-gnu
hostname host.test.example
printf '127.0.0.1 host.test.example localhost\n' >hosts
mount --bind hosts /etc/hosts
send() { printf 'Subject: x\n\nx\n' | ./daemon -C test.cf -odi -f "$1" "$2" >/dev/null 2>&1; }
told() { printf '%s: %s\n' "$1" "$(cat seen)"; rm seen; }
test "$flags" || ./daemon -C test.cf -d0.1 -bt </dev/null | head -n 1
send '<>' team
told "null sender, flags '$flags'"
send team refused@there.example
told "own bounce, flags '$flags'"
RUN
env/bin/python sink.py >port &
sink=$!
trap 'kill $sink 2>/dev/null; rm -rf "$folder"' EXIT
tries=0
until [ -s port ]; do sleep 0.1; tries=$((tries + 1)); [ $tries -lt 200 ]; done
for flags in '' g; do
  config "$flags" "$(cat port)"
  echo "flags='$flags'" >settings
  unshare -um sh run
done | tee found
printf '%s\n' 'Version 8.17.1.9' \
  "null sender, flags '': <owner@test.example> to outside@there.example" \
  "own bounce, flags '': <> to outside@there.example" \
  "null sender, flags 'g': <owner@test.example> to outside@there.example" \
  "own bounce, flags 'g': <owner@test.example> to outside@there.example" | diff - found
echo 'as described'
