#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that postconf, asked for a parameter, fails or at least warns where Postfix cannot use its value. It prints the value and
# ends with 0, also by -x: it never judges one. Other programs (postmap -q, postlog, as each daemon) read all parameters and end
# with "fatal: bad numerical configuration". Seen with Postfix 3.10.13 (Debian 13's package); postconf(1) does not say so.
# Needs root (a chroot) and a Debian mirror among apt's sources.
set -eu
version=3.10.13-0+deb13u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
mkdir -p lists/partial cache/archives/partial root/usr/bin root/usr/sbin root/usr/lib root/usr/lib64 root/tmp
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
printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'postfix:x:101:101::/:/bin/false' 'nobody:x:65534:65534::/:/bin/false' >root/etc/passwd
printf 'root:x:0:\npostfix:x:101:\npostdrop:x:102:\nnogroup:x:65534:\n' >root/etc/group
: >root/etc/postfix/master.cf
told() { # COMMAND...: its last line without the program's name and process, and its exit status
    status=0
    said=$(chroot root "$@" 2>&1) || status=$?
    echo "$(basename "$1") $2: $(echo "$said" | tail -n 1 | sed 's/^[a-z/]*: //'), exit $status"
}
{
    echo "Postfix $(chroot root /usr/sbin/postconf -d -h mail_version)"
    for value in 10240000 abc; do
        printf '%s\n' 'compatibility_level = 3.9' 'myhostname = host.test.example' "message_size_limit = $value" >root/etc/postfix/main.cf
        told /usr/sbin/postconf message_size_limit
        told /usr/sbin/postconf -x message_size_limit
        told /usr/sbin/postmap -q x static:x
        told /usr/sbin/postlog hello
    done
} | tee found
diff - found <<'EXPECTED'
Postfix 3.10.13
postconf message_size_limit: message_size_limit = 10240000, exit 0
postconf -x: message_size_limit = 10240000, exit 0
postmap -q: x, exit 0
postlog hello: hello, exit 0
postconf message_size_limit: message_size_limit = abc, exit 0
postconf -x: message_size_limit = abc, exit 0
postmap -q: fatal: bad numerical configuration: message_size_limit = abc, exit 1
postlog hello: fatal: bad numerical configuration: message_size_limit = abc, exit 1
EXPECTED
echo 'as described'
