#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that Sendmail's daemon, told by SIGHUP to read its configuration anew, lets its queue runs end, as other daemons let
# deliveries end. The signal ends them: where the server has the whole mail and has not replied yet, its reply meets nobody, and the
# next run sends the mail again. `restart` at ControlSocketName starts the daemon anew as well, and the mail is sent once.
# Sendmail 8.17.1.9. Needs Debian 12's package sources, m4, iproute2, python3, and root (namespaces for the network, /etc/hosts, /mnt).
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-bin=$version" "sendmail-cf=$version" "libmilter1.0.1=$version" libwrap0 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" x; done
cp x/usr/libexec/sendmail/sendmail daemon && chmod 755 daemon # without its setgid bit it takes LD_LIBRARY_PATH
printf 'hosts files\naliases files\n' >switch
cat >hub.py <<'SERVER'
import socket, threading, time

listener = socket.create_server(("127.0.0.1", 1025))
def serve(connection):
    file = connection.makefile("rwb", buffering=0)
    file.write(b"220 hub\r\n")
    for line in iter(file.readline, b""):
        if line.upper().startswith(b"DATA"):
            file.write(b"354 go on\r\n")
            while (read := file.readline()) not in (b".\r\n", b""):
                pass
            if read:
                with open("whole", "a") as seen:
                    seen.write("a mail\n")
            time.sleep(3)  # so that what is sent at the sight of `whole` comes between the mail's end and this reply
            file.write(b"250 taken\r\n")
        else:
            file.write(b"250 ok\r\n")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
SERVER
cat >test.mc <<CONFIGURATION
OSTYPE(\`linux')dnl
define(\`QUEUE_DIR', \`$folder/queue')dnl
define(\`STATUS_FILE', \`$folder/statistics')dnl
define(\`confPID_FILE', \`$folder/pid')dnl
define(\`confCW_FILE', \`-o $folder/none')dnl
define(\`confSERVICE_SWITCH_FILE', \`$folder/switch')dnl
define(\`confCONTROL_SOCKET_NAME', \`/mnt/control')dnl
define(\`confQUEUE_LA', \`1000')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
define(\`RELAY_MAILER_ARGS', \`TCP \$h 1025')dnl
FEATURE(\`no_default_msa')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(\`Name=MTA, Addr=127.0.0.1, Port=1026')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
CONFIGURATION
m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
cat >run <<'RUN'
folder=$PWD
export LD_LIBRARY_PATH="$folder/x/usr/lib/x86_64-linux-gnu:$folder/x/lib/x86_64-linux-gnu"
ip link set lo up
hostname host.test.example
printf '127.0.0.1 host.test.example localhost\n' >hosts
mount --bind hosts /etc/hosts
mount --bind . /mnt # a control socket has to be where nobody else can write, as in /tmp
python3 hub.py 2>broken & # a reply that meets nobody is an error there
./daemon -C test.cf -d0.1 -bt </dev/null | head -n 1
until_() { # WORDS...: until they hold, for half a minute
    for _ in $(seq 300); do
        ! eval "$1" || return 0
        sleep 0.1
    done
}
for how in HUP restart; do
    rm -rf queue pid
    mkdir queue
    : >whole
    "$folder/daemon" -C "$folder/test.cf" -bd -q1s # by its path: it starts itself anew by that
    until_ '[ -s pid ]'
    old=$(head -n 1 pid)
    printf 'Subject: x\n\nx\n' | ./daemon -C test.cf -odq -f a@test.example b@there.example
    until_ '[ -s whole ]'
    if [ $how = HUP ]; then
        kill -HUP "$old"
    else
        python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/mnt/control"); s.send(b"restart\n"); s.recv(9)'
    fi
    until_ '[ "$(head -n 1 pid)" != "$old" ]'
    [ "$(head -n 1 pid)" = "$old" ] || echo "$how: another daemon runs"
    until_ '[ -z "$(ls queue)" ]'
    echo "$how: $(wc -l <whole) at the server, $(ls queue | grep -c '^qf') in the queue"
    kill "$(head -n 1 pid)"
    sleep 1 # so that its port is free
done
RUN
unshare --net --mount --uts --pid --fork --kill-child --mount-proc sh run >found
cat found
diff - found <<'EXPECTED'
Version 8.17.1.9
HUP: another daemon runs
HUP: 2 at the server, 0 in the queue
restart: another daemon runs
restart: 1 at the server, 0 in the queue
EXPECTED
echo 'as described'
