#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that a value in m4's quotes stands in sendmail.cf as it is. m4 takes the quotes off as it reads the define, and reads
# the value once more as it writes it: in the name smtp.dnl.example.com `dnl` takes the rest of the line,
# divert.com writes .com, and a comma cuts confTIME_ZONE off. With a second pair of quotes all three stand as they are; MASQUERADE_AS
# needs a third. m4 warns of nothing, and Sendmail takes what comes of it. Needs Debian 12's package sources and m4.
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-cf=$version" >/dev/null 2>&1
dpkg -x sendmail-cf_*.deb x
compiled() { # $1: the opening quotes, $2: the closing ones, $3 and $4: those of MASQUERADE_AS
    m4 - <<CONFIGURATION 2>&1 | grep -E '^(DS|DM|O TimeZoneSpec|m4:)' | sed 's/^/  /'
include(\`$folder/x/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(\`linux')dnl
define(\`SMART_HOST', $1relay:smtp.dnl.example.com$2)dnl
define(\`confTIME_ZONE', $1a,b$2)dnl
MASQUERADE_AS($3divert.com$4)dnl
MAILER(\`smtp')dnl
CONFIGURATION
}
{
    echo one; compiled '`' "'" '`' "'"
    echo two; compiled '``' "''" '``' "''"
    echo three; compiled '``' "''" '```' "'''"
} | tee found
diff - found <<'EXPECTED'
one
  DSrelay:smtp.
  DM.com
two
  DSrelay:smtp.dnl.example.com
  DM.com
  O TimeZoneSpec=a,b
three
  DSrelay:smtp.dnl.example.com
  DMdivert.com
  O TimeZoneSpec=a,b
EXPECTED
echo 'as described'
