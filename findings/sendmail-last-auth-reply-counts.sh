#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that Sendmail as a client tries mechanisms in the order of M: in its AuthInfo row, or of the server, and that a refused
# log-in has one end. PLAIN is tried before LOGIN whatever their order, and the last reply decides: 535 and then 454, the mail waits; 454
# and then 535, Sendmail goes on without a log-in, and the server's 530 to MAIL sends the mail back. Seen with Sendmail 8.17.1.9
# (usersmtp.c) and SASL 2.1.28. Needs Debian 12's package sources, m4, iproute2, python3, and root (namespaces, mounts in one of them).
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-bin=$version" "sendmail-cf=$version" "libmilter1.0.1=$version" libwrap0 \
    libsasl2-modules=2.1.28+dfsg-10 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" x; done
cp x/usr/libexec/sendmail/sendmail daemon && chmod 755 daemon # without its setgid bit it takes LD_LIBRARY_PATH
printf 'hosts files\naliases files\n' >switch
cat >hub.py <<'SERVER'
import json, socket, threading

CHALLENGES = {"PLAIN": ["334 "], "LOGIN": ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"]}
listener = socket.create_server(("127.0.0.1", 1025))
def serve(connection):
    with connection, connection.makefile("rwb", buffering=0) as file:
        answer(file)
def answer(file):
    say = lambda text: file.write(text.encode() + b"\r\n")
    say("220 hub")
    for line in iter(file.readline, b""):
        word, *rest = line.decode().upper().split()
        if word == "EHLO":
            with open("hub.json") as settings:
                replies = json.load(settings)
            say("250-hub")
            say("250 AUTH " + " ".join(replies))
        elif word == "AUTH":
            with open("seen", "a") as seen:
                seen.write(f"{rest[0]} {replies[rest[0]]}\n")
            for challenge in CHALLENGES[rest[0]][len(rest) - 1 :]:  # the first answer may come with the command
                say(challenge)
                file.readline()
            say(f"{replies[rest[0]]} refused")
        elif word == "MAIL":
            say("530 5.7.0 Authentication required")
        else:
            say("250 ok")
        if word == "QUIT":
            break
print("listening", flush=True)
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
define(\`confAUTH_MECHANISMS', \`LOGIN PLAIN')dnl
define(\`confDOUBLE_BOUNCE_ADDRESS', \`')dnl
define(\`confQUEUE_LA', \`1000')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
define(\`RELAY_MAILER_ARGS', \`TCP \$h 1025')dnl
FEATURE(\`authinfo', \`text -k0 -v1 -z| /mnt/authinfo')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
CONFIGURATION
m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
cat >run <<'RUN'
plugins=usr/lib/x86_64-linux-gnu/sasl2
export LD_LIBRARY_PATH="$PWD/x/usr/lib/x86_64-linux-gnu:$PWD/x/lib/x86_64-linux-gnu"
ip link set lo up
hostname host.test.example
printf '127.0.0.1 host.test.example localhost\n' >hosts
mount --bind hosts /etc/hosts
mount --bind . /mnt # a table of secrets has to be where nobody else can write, as in /tmp
mount --bind "x/$plugins" "/$plugins"
python3 hub.py >hub &
until [ -s hub ]; do sleep 0.1; done
./daemon -C test.cf -d0.1 -bt </dev/null | head -n 1
sent() { # ROW SERVER: a mail with that order in the row, and that one at the server, with its replies
    rm -rf queue seen
    mkdir queue
    echo "$2" >hub.json
    printf 'AuthInfo:127.0.0.1|"U:root" "I:user" "P:secret" "M:%s"\n' "$1" >authinfo
    chmod 600 authinfo
    printf 'Subject: x\n\nx\n' | timeout 20 ./daemon -C test.cf -v -odi -f a@test.example b@there.example >said 2>&1 ||
        test $? != 124 # it fails where the mail comes back, which the queue tells; 124 is the time-out
    fate='comes back'
    [ "$(ls queue | grep -c '^qf')" = 0 ] || fate='waits'
    echo "M:$1, server $(echo "$2" | tr -d '{}":0-9,' | xargs): $(paste -sd, seen); mail $fate"
    grep -q -e 'Temporary AUTH failure' -e '530 5.7.0 Authentication required' said || cat said
}
for row in 'LOGIN PLAIN' 'PLAIN LOGIN'; do
    sent "$row" '{"LOGIN": 454, "PLAIN": 535}'
    sent "$row" '{"PLAIN": 535, "LOGIN": 454}'
    sent "$row" '{"LOGIN": 535, "PLAIN": 454}'
    sent "$row" '{"PLAIN": 454, "LOGIN": 535}'
done
RUN
unshare --net --mount --uts --pid --fork --kill-child --mount-proc sh run >found
cat found
diff - found <<'EXPECTED'
Version 8.17.1.9
M:LOGIN PLAIN, server LOGIN PLAIN: PLAIN 535,LOGIN 454; mail waits
M:LOGIN PLAIN, server PLAIN LOGIN: PLAIN 535,LOGIN 454; mail waits
M:LOGIN PLAIN, server LOGIN PLAIN: PLAIN 454,LOGIN 535; mail comes back
M:LOGIN PLAIN, server PLAIN LOGIN: PLAIN 454,LOGIN 535; mail comes back
M:PLAIN LOGIN, server LOGIN PLAIN: PLAIN 535,LOGIN 454; mail waits
M:PLAIN LOGIN, server PLAIN LOGIN: PLAIN 535,LOGIN 454; mail waits
M:PLAIN LOGIN, server LOGIN PLAIN: PLAIN 454,LOGIN 535; mail comes back
M:PLAIN LOGIN, server PLAIN LOGIN: PLAIN 454,LOGIN 535; mail comes back
EXPECTED
echo 'as described'
