#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a table for all senders leaves the null sender as it is: there is nothing to look up, and a pattern such as /.+/ asks
# for a character. Postfix looks it up as two quotes, so a static: table and /.+/ give it an address, and also bounces that Postfix makes
# itself leave with that sender. /.@./ spares them. Seen with Postfix 3.10.13 (Debian 13's package; postconf(5) tells of empty_address_…
# for other tables). Needs root (namespaces, a chroot) and a Debian mirror among apt's sources.
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
cat >main.cf <<'PARAMETERS'
compatibility_level = 3.9
myhostname = host.test.example
mydestination =
maillog_file = /var/log/mail.log
default_transport = discard:taken
transport_maps = inline:{ { nobody@there.example = error:5.1.1 no such user } }
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
error unix - - n - - error
discard unix - - n - - discard
SERVICES
cp main.cf root/etc/postfix
cat >run <<'RUN'
for name in null urandom; do touch root/dev/$name && mount --bind /dev/$name root/dev/$name; done
echo "Postfix $(chroot root /usr/sbin/postconf -h mail_version)"
to() { sed -n "s/.*: \([0-9A-F]*\): to=<$1>.* status=\([a-z]*\).*/\1/p" root/var/log/mail.log | head -n 1; } # the queue id of a mail to
from() { sed -n "s/.*qmgr.*: $1: from=<\([^>]*\)>.*/<\1>/p" root/var/log/mail.log | head -n 1; }
for table in 'static:relay@test.example' 'regexp:{ { /.+/ relay@test.example } }' 'regexp:{ { /.@./ relay@test.example } }'; do
    { cat main.cf; echo "sender_canonical_maps = $table"; } >root/etc/postfix/main.cf
    : >root/var/log/mail.log
    timeout 60 chroot root /usr/lib/postfix/sbin/master -d -c /etc/postfix &
    master=$!
    until [ -S root/var/spool/postfix/public/pickup ]; do sleep 0.1; done
    printf 'Subject: x\n\nx\n' | chroot root /usr/sbin/sendmail -f '<>' b@there.example
    printf 'Subject: x\n\nx\n' | chroot root /usr/sbin/sendmail -f a@test.example nobody@there.example
    for _ in $(seq 200); do # two mails, and the bounce of the second
        [ "$(grep -c ' status=' root/var/log/mail.log)" -lt 3 ] || break
        sleep 0.1
    done
    # The bounce goes to the rewritten sender of the mail.
    echo "$table: null sender $(from "$(to b@there.example)"), a sender $(from "$(to nobody@there.example)")," \
        "Postfix's own bounce $(from "$(to relay@test.example)")"
    kill $master
    wait $master || test $? = 143 # the signal of the line before
    rm -f root/var/spool/postfix/public/pickup
    find root/var/spool/postfix -type f ! -path '*/pid/*' -delete
done
RUN
unshare --mount --pid --fork --kill-child --mount-proc sh run | tee found
diff - found <<'EXPECTED'
Postfix 3.10.13
static:relay@test.example: null sender <relay@test.example>, a sender <relay@test.example>, Postfix's own bounce <relay@test.example>
regexp:{ { /.+/ relay@test.example } }: null sender <relay@test.example>, a sender <relay@test.example>, Postfix's own bounce <relay@test.example>
regexp:{ { /.@./ relay@test.example } }: null sender <>, a sender <relay@test.example>, Postfix's own bounce <>
EXPECTED
echo 'as described'
