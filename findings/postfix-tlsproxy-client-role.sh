#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that tlsproxy(8) does what its client asks for, as the client sends its TLS settings with each request. Where main.cf has
# no smtp_tls_security_level and a service alone sets one by -o, with smtp_tls_connection_reuse all mail is deferred: "TLS client role is
# disabled by configuration". A tlsproxy service with -o tlsproxy_client_security_level mends it. Seen with Postfix 3.10.13 (Debian 13's
# package). Needs root (namespaces, a chroot), openssl, python3 and a Debian mirror among apt's sources.
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
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = /var/log/mail.log
relayhost = [127.0.0.1]:@PORT@
default_transport = hub
smtp_tls_connection_reuse = yes
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
retry unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
scache unix - - n - 1 scache
hub unix - - n - - smtp -o smtp_tls_security_level=encrypt -o tlsproxy_service_name=@PROXY@
plain unix - - n - 0 tlsproxy
told unix - - n - 0 tlsproxy -o tlsproxy_client_security_level=encrypt
SERVICES
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=hub >/dev/null 2>&1
cat >hub.py <<'SERVER'
import socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate", "key")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(connection):
    file = connection.makefile("rwb", 0)
    file.write(b"220 hub ESMTP\r\n")
    while line := file.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            file.write(b"250-hub\r\n250 STARTTLS\r\n")
        elif verb == b"STAR":
            file.write(b"220 go on\r\n")
            connection = context.wrap_socket(connection, server_side=True)
            file = connection.makefile("rwb", 0)
        elif verb == b"DATA":
            file.write(b"354 go on\r\n")
            while file.readline() not in (b".\r\n", b""):
                pass
            file.write(b"250 taken\r\n")
        else:
            file.write(b"250 ok\r\n")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
SERVER
cat >run <<'RUN'
for name in null urandom; do touch root/dev/$name && mount --bind /dev/$name root/dev/$name; done
python3 hub.py >port 2>/dev/null &
until [ -s port ]; do sleep 0.1; done
sed -i "s/@PORT@/$(cat port)/" root/etc/postfix/main.cf
cp root/etc/postfix/master.cf master.cf
echo "Postfix $(chroot root /usr/sbin/postconf -h mail_version)"
for proxy in plain told; do
    sed "s/@PROXY@/$proxy/" master.cf >root/etc/postfix/master.cf
    : >root/var/log/mail.log
    timeout 60 chroot root /usr/lib/postfix/sbin/master -d -c /etc/postfix &
    master=$!
    until [ -S root/var/spool/postfix/public/pickup ]; do sleep 0.1; done
    printf 'Subject: x\n\nx\n' | chroot root /usr/sbin/sendmail -f a@test.example "$proxy@there.example"
    for _ in $(seq 200); do
        grep -q "to=<$proxy@there.example>.* status=" root/var/log/mail.log && break
        sleep 0.1
    done
    echo "$proxy: $(sed -n "s/.*to=<$proxy@there.example>.* status=\([a-z]*\).*/\1/p" root/var/log/mail.log | head -n 1)," \
        "$(grep -c 'TLS client role is disabled by configuration' root/var/log/mail.log) warnings"
    kill $master
    wait $master || test $? = 143 # the signal of the line before
    rm -f root/var/spool/postfix/public/pickup
done
RUN
unshare --mount --pid --fork --kill-child --mount-proc sh run | tee found
printf '%s\n' 'Postfix 3.10.13' 'plain: deferred, 1 warnings' 'told: sent, 0 warnings' | diff - found
echo 'as described'
