#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a regexp table takes $1 in its result wherever Postfix names one, as it does in canonical_maps. In transport_maps and
# the sender_dependent_* tables the row is refused, "regular expression substitution is not allowed": it is left out with a warning in the
# log, and the mail goes the default way, while `postmap -q` shows the substituted result. Seen with Postfix 3.10.13 (Debian 13's package).
# Needs root (namespaces, a chroot) and a Debian mirror among apt's sources.
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
default_transport = retry:the default way
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
discard unix - - n - - discard
SERVICES
printf '%s\n' '/^(.*)@(.*)\.example$/ discard:$1' >root/etc/postfix/with
printf '%s\n' '/^(.*)@(.*)\.example$/ discard:all' >root/etc/postfix/without
printf '%s\n' '/^(.*)@test\.example$/ $1@rewritten.example' >root/etc/postfix/canonical
cp main.cf root/etc/postfix
cat >run <<'RUN'
for name in null urandom; do touch root/dev/$name && mount --bind /dev/$name root/dev/$name; done
echo "Postfix $(chroot root /usr/sbin/postconf -h mail_version)"
echo "postmap -q: $(chroot root /usr/sbin/postmap -q a@test.example regexp:/etc/postfix/with)"
for table in transport_maps sender_dependent_default_transport_maps canonical_maps; do
    for kind in with without; do
        file=$kind
        [ $table != canonical_maps ] || file=canonical
        { cat main.cf; echo "$table = regexp:/etc/postfix/$file"; } >root/etc/postfix/main.cf
        : >root/var/log/mail.log
        timeout 60 chroot root /usr/lib/postfix/sbin/master -d -c /etc/postfix &
        master=$!
        until [ -S root/var/spool/postfix/public/pickup ]; do sleep 0.1; done
        printf 'Subject: x\n\nx\n' | chroot root /usr/sbin/sendmail -f a@test.example b@there.example
        for _ in $(seq 200); do
            grep -q "to=<b@there.example>.* status=" root/var/log/mail.log && break
            sleep 0.1
        done
        refused=$(sed -n '/regular expression substitution is not allowed/p' root/var/log/mail.log | wc -l)
        echo "$table $file: $(sed -n 's/.*to=<b@there.example>.* status=\(.*\)/\1/p' root/var/log/mail.log | head -n 1)," \
            "from $(sed -n 's/.*qmgr.* from=<\([^>]*\)>.*/\1/p' root/var/log/mail.log | head -n 1), refused: $refused"
        kill $master
        wait $master || test $? = 143 # the signal of the line before
        rm -f root/var/spool/postfix/public/pickup
        find root/var/spool/postfix -type f ! -path '*/pid/*' -delete
        [ $table != canonical_maps ] || break
    done
done
RUN
unshare --mount --pid --fork --kill-child --mount-proc sh run | tee found
diff - found <<'EXPECTED'
Postfix 3.10.13
postmap -q: discard:a
transport_maps with: deferred (the default way), from a@test.example, refused: 1
transport_maps without: sent (all), from a@test.example, refused: 0
sender_dependent_default_transport_maps with: deferred (the default way), from a@test.example, refused: 1
sender_dependent_default_transport_maps without: sent (all), from a@test.example, refused: 0
canonical_maps canonical: deferred (the default way), from a@rewritten.example, refused: 0
EXPECTED
echo 'as described'
