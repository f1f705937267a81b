#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# One would guess that dnf5 takes `dnf --downloadonly install NAME` as dnf 4.24 does. It refuses: "Unknown argument", exit status 2, and
# takes the option after the command only; --assumeyes and --setopt it takes before. `dnf install --downloadonly` is right for both.
# Seen with dnf5 5.4.6.0 and dnf 4.24.0 (Debian sid's packages). Needs apt, and a Debian mirror among its sources; no root.
set -eu
new=5.4.6.0-2+b1 old=4.24.0-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
machine=$(dpkg --print-architecture)
mkdir -p lists/partial cache/archives/partial dnf5 dnf4
: >status # nothing is installed: so apt fetches all that they need
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >sources.list
cat >apt.conf <<CONFIGURATION
APT::Architecture "$machine";
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
for one in "dnf5=$new" "dnf=$old python3-libdnf"; do
    into=dnf4
    [ "${one#dnf5}" = "$one" ] || into=dnf5
    # shellcheck disable=SC2086  # several packages
    apt-get -qq --yes --download-only install $one >/dev/null
    for package in cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x -C "$into" --no-same-owner; done
    rm -f cache/archives/*.deb
done
# The tool that is given is asked for a package that no repository has: what counts is whether it gets as far as that.
asked() {
    words=$1
    shift
    for order in '--downloadonly install' 'install --downloadonly'; do
        # shellcheck disable=SC2086  # two words
        said=$("$@" --installroot="$folder/root" --assumeyes $order nothing 2>&1) && said='no error' # no repository has it
        case $said in
            *"Unknown argument"*) verdict='unknown argument' ;;
            *"No match for argument"* | *"no enabled repositories"*) verdict='taken' ;;
            *) verdict="something else: $said" ;;
        esac
        echo "$words $order: $verdict"
        echo "$said" | sed -n -e '/^Unknown argument/p' -e '/after the command/p' >&2
    done
}
root() { echo "$folder/$1/usr/lib/$(ls "$folder/$1/usr/lib" | grep -e '-linux-gnu$' | head -n 1)"; }
mkdir root
new=$(root dnf5) old=$(root dnf4)
{
    export RPM_CONFIGDIR="$folder/dnf5/usr/lib/rpm"
    "$new"/ld-linux*.so.* --library-path "$new" dnf5/usr/bin/dnf5 --version | head -n 1
    asked dnf5 "$new"/ld-linux*.so.* --library-path "$new" dnf5/usr/bin/dnf5
    export RPM_CONFIGDIR="$folder/dnf4/usr/lib/rpm" PYTHONHOME="$folder/dnf4/usr"
    export PYTHONPATH="$folder/dnf4/usr/lib/python3/dist-packages"
    echo "dnf version $("$old"/ld-linux*.so.* --library-path "$old" dnf4/usr/bin/python3 dnf4/usr/bin/dnf-3 --version | head -n 1)"
    asked dnf "$old"/ld-linux*.so.* --library-path "$old" dnf4/usr/bin/python3 dnf4/usr/bin/dnf-3 --noplugins
} >found
cat found
printf '%s\n' 'dnf5 version 5.4.6.0' 'dnf5 --downloadonly install: unknown argument' 'dnf5 install --downloadonly: taken' \
    'dnf version 4.24.0' 'dnf --downloadonly install: taken' 'dnf install --downloadonly: taken' | diff - found
echo 'as described'
