#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a line of sendmail.mc which begins with # is out of force, as in sendmail.cf and in m4 itself. The first line of
# each sendmail.mc includes cf.m4, which turns m4's comments off (changecom): `# define(`SMART_HOST', …)' sets the smart host, and a
# `# FEATURE(…)' is on. Only what follows dnl is out. Seen with sendmail-cf 8.17.1.9 (Debian 12's package) and its m4 1.4.19.
# Needs Debian 12's package sources, and m4.
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq "sendmail-cf=$version" >/dev/null 2>&1
dpkg -x ./*.deb x
made() { # LINE: what sendmail.cf has of it
    {
        echo "OSTYPE(\`linux')dnl"
        echo "$1"
        printf "MAILER(\`%s')dnl\n" local smtp
    } >test.mc
    m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
    echo "$1 -> $(grep -E '^DS|^Kmailertable' test.cf | paste -sd ' ')"
}
{
    sed -n "s/^DZ\([0-9.]*\).*/sendmail-cf \1/p" x/usr/share/sendmail/cf/m4/version.m4
    made "define(\`SMART_HOST', \`hub.example')dnl"
    made "# define(\`SMART_HOST', \`hub.example')dnl"
    made "# FEATURE(\`mailertable')dnl"
    made "dnl define(\`SMART_HOST', \`hub.example')dnl"
} | tee found
diff - found <<'EXPECTED'
sendmail-cf 8.17.1.9
define(`SMART_HOST', `hub.example')dnl -> DShub.example
# define(`SMART_HOST', `hub.example')dnl -> DShub.example
# FEATURE(`mailertable')dnl -> DS Kmailertable hash /etc/mail/mailertable
dnl define(`SMART_HOST', `hub.example')dnl -> DS
EXPECTED
echo 'as described'
