#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a mail which the server has taken is out of the queue. Where `postfix reload` comes while it is being delivered, the
# old queue manager is gone when the delivery ends, and the new one, which has met the mail as "still being delivered", looks at it again
# more than a minute later: meanwhile postqueue lists a mail that is sent, in `incoming` and without recipients; `postqueue -f` ends that.
# Seen with Postfix 3.10.13 (Debian 13's package). Needs root (namespaces, a chroot), iproute2, python3, a Debian mirror in apt's sources.
set -eu
version=3.10.13-0+deb13u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mkdir -p lists/partial cache/archives/partial root/usr/bin root/usr/sbin root/usr/lib root/usr/lib64 root/dev root/tmp root/var/log
for name in bin sbin lib lib64; do ln -s usr/$name root/$name; done
: >status # nothing is installed: so apt fetches all that Postfix needs
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >sources.list
cat >apt.conf <<CONFIGURATION
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Dir::Cache "$folder/cache";
Dir::Etc::SourceList "$folder/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$folder/lists";
Dir::State::status "$folder/status";
CONFIGURATION
export APT_CONFIG="$folder/apt.conf" LC_ALL=C.UTF-8
apt-get -qq update
apt-get -qq --yes --download-only install "postfix=$version" >/dev/null
for package in cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C root --no-same-owner --keep-directory-symlink
done
cat >root/etc/passwd <<'USERS'
root:x:0:0::/root:/bin/sh
postfix:x:101:101::/:/bin/false
nobody:x:65534:65534::/:/bin/false
USERS
printf 'root:x:0:\npostfix:x:101:\npostdrop:x:102:\nnogroup:x:65534:\n' >root/etc/group
mkdir -p root/var/lib/postfix root/var/spool/postfix && cd root/var/spool/postfix
mkdir -p active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace
chown 101:101 active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace "$folder/root/var/lib/postfix"
cd "$folder"
cat >root/etc/postfix/main.cf <<'PARAMETERS'
compatibility_level = 3.9
myhostname = host.test.example
mydestination =
inet_protocols = ipv4
maillog_file = /var/log/mail.log
default_transport = smtp:[127.0.0.1]:1025
PARAMETERS
cat >root/etc/postfix/master.cf <<'SERVICES'
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
showq unix n - n - - showq
smtp unix - - n - - smtp
SERVICES
cat >hub.py <<'SERVER'
import socket, threading, time

listener = socket.create_server(("127.0.0.1", 1025))
def serve(connection):
    file = connection.makefile("rwb", buffering=0)
    file.write(b"220 hub\r\n")
    for line in iter(file.readline, b""):
        if line.upper().startswith(b"DATA"):
            file.write(b"354 go on\r\n")
            while file.readline() not in (b".\r\n", b""):
                pass
            open("whole", "w").close()
            time.sleep(3)  # so that what is sent at the sight of `whole` comes between the mail's end and this reply
            file.write(b"250 taken\r\n")
        else:
            file.write(b"250 ok\r\n")
print("listening", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
SERVER
cat >run <<'RUN'
for name in null urandom; do touch root/dev/$name && mount --bind /dev/$name root/dev/$name; done
ip link set lo up
python3 hub.py >hub 2>broken &
until [ -s hub ]; do sleep 0.1; done
echo "Postfix $(chroot root /usr/sbin/postconf -h mail_version)"
listed() { # all that is listed of the mail, without what is another at each run
    chroot root /usr/sbin/postqueue -j | sed 's/.*"queue_name": "\([a-z]*\)".*"recipients": \(.*\)}$/in \1 to \2/' >rows
    [ -s rows ] || echo nothing >rows
    paste -sd, rows
}
for how in 'no reload' reload; do
    rm -f whole
    : >root/var/log/mail.log
    timeout 90 chroot root /usr/lib/postfix/sbin/master -d -c /etc/postfix &
    master=$!
    until [ -S root/var/spool/postfix/public/pickup ]; do sleep 0.1; done
    printf 'Subject: x\n\nx\n' | chroot root /usr/sbin/sendmail -f a@test.example b@there.example
    for _ in $(seq 200); do
        [ ! -e whole ] || break
        sleep 0.1
    done
    [ "$how" = 'no reload' ] || kill -HUP "$(cat root/var/spool/postfix/pid/master.pid)" # as `postfix reload` does
    for _ in $(seq 200); do
        ! grep -q ' status=' root/var/log/mail.log || break
        sleep 0.1
    done
    sleep 10 # the moment that the text tells of: the mail is listed for longer than a minute
    echo "$how: $(sed -n 's/.* status=\([a-z]*\).*/\1/p' root/var/log/mail.log), after ten seconds: $(listed)"
    chroot root /usr/sbin/postqueue -f
    sleep 3 # for a second delivery, if there were one: the text says that there is none
    echo "$how: after postqueue -f: $(listed), deliveries: $(grep -c ' status=' root/var/log/mail.log)"
    kill $master
    wait $master || test $? = 143 # the signal of the line before
    rm -f root/var/spool/postfix/public/pickup
done
RUN
unshare --net --mount --pid --fork --kill-child --mount-proc sh run | tee found
diff - found <<'EXPECTED'
Postfix 3.10.13
no reload: sent, after ten seconds: nothing
no reload: after postqueue -f: nothing, deliveries: 1
reload: sent, after ten seconds: in incoming to []
reload: after postqueue -f: nothing, deliveries: 1
EXPECTED
echo 'as described'
