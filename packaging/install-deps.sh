#!/bin/sh
# Installs what Debian 12 packages the project needs, and nothing when nothing is missing: dpkg is asked
# first, so a second run makes no use of the network.
#
# usage: install-deps.sh [build] [test] [editor]
#
# Versions follow the Debian release: pinning them would break with every security update, which
# removes the version before it from the archive.
set -eu

build="
ca-certificates
cmake
dpkg-dev
g++
gcc
libc-ares-dev
libc6-dev
libdeflate-dev
libisal-dev
libjansson-dev
libnghttp2-dev
libprotobuf-c-dev
libre2-dev
libsnappy-dev
libsqlite3-dev
libssl-dev
libtree-sitter-dev
libuv1-dev
libxxhash-dev
libyaml-dev
libzstd-dev
make
ninja-build
pkg-config
protobuf-c-compiler
re2c
zlib1g-dev
"
# xz-utils and patch come with dpkg-dev; the curl source needs them.
test="
clang
clang-format
clang-tidy
curl
git
iproute2
libclang-rt-14-dev
libcriterion-dev
neovim
prometheus
prometheus-node-exporter
python3
python3-venv
spin
"

wanted=
for group in "${@:-build}"; do
    case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    editor) command -v npm >/dev/null || wanted="$wanted nodejs npm" ;;
    *)
        echo "usage: install-deps.sh [build] [test] [editor]" >&2
        exit 2
        ;;
    esac
done

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "missing packages; as root run: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

# A server started by its package would hold ports that tests and the quickstart may want.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    trap '$as_root rm -f "$policy"' EXIT
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
install="$as_root apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0"
# shellcheck disable=SC2086
if ! $install $missing >/dev/null; then
    $as_root apt-get update -qq
    $install $missing >/dev/null
fi
