#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a look-up in a texthash table of two lines takes milliseconds, however new the file is. Where it changed within the
# last second, Postfix reads it again and again until it is older: postmap -q takes one to three seconds (daemons open tables by the same
# code). A regexp table is read at once. texthash is meant for small
# tables that change often. Seen with Postfix 3.10.13 (Debian 13's package); DATABASE_README does not say so, src/util/dict_thash.c does.
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
printf '%s\n' 'compatibility_level = 3.9' 'myhostname = host.test.example' >root/etc/postfix/main.cf
touch -d '2020-01-01' root/etc/postfix/main.cf # which Postfix reads anew in the same way
printf 'key value\nother value\n' >rows
printf '/^key$/ value\n' >patterns
told() { # TYPE FILE DATE: whether the look-up was over within half a second
    cp "$2" root/tmp/table
    touch -d "$3" root/tmp/table
    begun=$(date +%s%N)
    value=$(chroot root /usr/sbin/postmap -q key "$1:/tmp/table")
    took=$((($(date +%s%N) - begun) / 1000000))
    if [ $took -lt 500 ]; then pace='at once'; elif [ $took -gt 900 ]; then pace='after a second or more'; else pace="$took ms"; fi
    echo "$1, changed $3: $value $pace"
}
{
    echo "Postfix $(chroot root /usr/sbin/postconf -d -h mail_version)"
    told texthash rows now
    told texthash rows yesterday
    told regexp patterns now
} | tee found
diff - found <<'EXPECTED'
Postfix 3.10.13
texthash, changed now: value after a second or more
texthash, changed yesterday: value at once
regexp, changed now: value at once
EXPECTED
echo 'as described'
