#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sendmail's macro {rcpt_mailer} has the mailer in check_rcpt, and is empty in check_compat: at a delivery of the same
# session, of a local submission and of a queue run. A rule before a delivery that goes by the mailer has to ask otherwise.
# Needs Debian 12's package sources, m4 and root (namespaces of its own for the host's name and /etc/hosts).
set -eu
version=8.17.1.9-2+deb12u2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq "sendmail-bin=$version" "sendmail-cf=$version" "libmilter1.0.1=$version" libwrap0 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" x; done
cp x/usr/libexec/sendmail/sendmail daemon && chmod 755 daemon  # without its setgid bit it takes LD_LIBRARY_PATH
mkdir queue out && chmod 777 out
printf '#!/bin/sh\ncat >>%s/out/mail\n' "$folder" >relay
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >>%s/out/seen\n' "$folder" >seen
chmod 755 relay seen
cat >test.mc <<CONFIGURATION
OSTYPE(\`linux')dnl
define(\`QUEUE_DIR', \`$folder/queue')dnl
define(\`STATUS_FILE', \`$folder/statistics')dnl
define(\`confPID_FILE', \`$folder/pid')dnl
define(\`confCW_FILE', \`-o $folder/none')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`SMART_HOST', \`probe:there')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`promiscuous_relay')dnl
MAILER(\`local')dnl
MAILER_DEFINITIONS
Mprobe, P=$folder/relay, F=lsDFMhq, S=0, R=0, T=DNS/RFC822/X-Unix, A=relay \$u
LOCAL_CONFIG
Kseen program $folder/seen
LOCAL_RULESETS
SLocal_check_rcpt
R\$*	\$: \$1 \$(seen check_rcpt=\$&{rcpt_mailer} \$)
R\$*	\$@ ok
Scheck_compat
R\$*	\$: \$1 \$(seen check_compat=\$&{rcpt_mailer} \$)
R\$*	\$@ ok
CONFIGURATION
m4 -D_CF_DIR_=x/usr/share/sendmail/cf/ x/usr/share/sendmail/cf/m4/cf.m4 test.mc >test.cf
cat >run <<'RUN'
export LD_LIBRARY_PATH=x/usr/lib/x86_64-linux-gnu:x/lib/x86_64-linux-gnu
hostname host.test.example
printf '127.0.0.1 host.test.example localhost\n' >hosts
mount --bind hosts /etc/hosts
send() { printf 'Subject: x\n\nx\n' | ./daemon -C test.cf "$@" -f a@test.example b@there.example; }
told() { printf '%s: %s\n' "$1" "$(paste -s -d" " out/seen)"; rm out/seen; }
./daemon -C test.cf -d0.1 -bt </dev/null | head -n 1
send -odi
told 'local submission'
send -odq
./daemon -C test.cf -v -q >/dev/null
told 'queue run'
# A client that talks before it has the reply is refused.
mkfifo client
timeout 60 ./daemon -C test.cf -bs -odi <client >replies &
exec 3>client
replies=0
for line in 'HELO x' 'MAIL FROM:<a@test.example>' 'RCPT TO:<b@there.example>' DATA 'Subject: x\r\n\r\nx\r\n.' QUIT; do
    replies=$((replies + 1))
    until [ "$(wc -l <replies)" -ge "$replies" ]; do sleep 0.1; done
    printf "$line\r\n" >&3
done
exec 3>&-
wait
told 'SMTP session'
printf 'mails delivered: %s\n' "$(grep -c '^From ' out/mail)"
RUN
unshare -um sh run | tee found
printf '%s\n' 'Version 8.17.1.9' 'local submission: check_compat=' 'queue run: check_compat=' \
    'SMTP session: check_rcpt= probe check_compat=' 'mails delivered: 3' | diff - found
echo 'as described'
