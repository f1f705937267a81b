#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that `sendmail -t` fails when its queue has less free space than MinFreeBlocks, so that the program that hands a mail
# over keeps it: a daemon answers 452 then. It prints "Insufficient disk space" and exits 0, with nothing in the queue: the mail is in the
# file DeadLetterDrop, which Debian's submit.cf names too, and from which nothing is sent.
# Sendmail 8.17.1.9 (collect() and savemail() of its source). Needs Debian 12's package sources, m4, and root (a namespace for /etc/hosts).
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-bin=$version" "sendmail-cf=$version" "libmilter1.0.1=$version" libwrap0 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" x; done
cp x/usr/libexec/sendmail/sendmail program && chmod 755 program # without its setgid bit it takes LD_LIBRARY_PATH
mkdir -m 777 queue
mkdir drop
: >aliases
config() { # BLOCKS
  cat >test.mc <<CONFIGURATION
OSTYPE(\`linux')dnl
define(\`QUEUE_DIR', \`$folder/queue')dnl
define(\`STATUS_FILE', \`$folder/statistics')dnl
define(\`confPID_FILE', \`$folder/pid')dnl
define(\`confCW_FILE', \`-o $folder/none')dnl
define(\`ALIAS_FILE', \`text:-k0 -v1 -z: $folder/aliases')dnl
define(\`confDONT_BLAME_SENDMAIL', \`MapInUnsafeDirPath')dnl
define(\`confDEAD_LETTER_DROP', \`$folder/drop/dead.letter')dnl
define(\`confMIN_FREE_BLOCKS', \`$1')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
CONFIGURATION
  m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
}
cat >run <<'RUN'
export LD_LIBRARY_PATH=x/usr/lib/x86_64-linux-gnu:x/lib/x86_64-linux-gnu
hostname host.test.example
printf '127.0.0.1 host.test.example localhost\n' >hosts
mount --bind hosts /etc/hosts
status=0
printf 'From: root\nTo: user@there.example\nSubject: x\n\nx\n' | ./program -C test.cf -odq -t >said 2>&1 || status=$?
echo "$1: exit status $status, queued $(find queue -name 'qf*' | wc -l), dead.letter $(find drop -name dead.letter | wc -l)"
sed -n 's/.*\(Insufficient disk space\).*/\1/p' said | head -n 1
RUN
{
  echo "Sendmail $version"
  for blocks in 1 999999999999; do
    config "$blocks"
    rm -rf queue/* drop/*
    unshare --mount --uts sh -eu run "$blocks blocks to stay free"
  done
} >found
cat found
printf '%s\n' "Sendmail $version" '1 blocks to stay free: exit status 0, queued 1, dead.letter 0' \
  '999999999999 blocks to stay free: exit status 0, queued 0, dead.letter 1' 'Insufficient disk space' | diff - found
echo 'as described'
