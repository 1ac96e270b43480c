#!/bin/sh
# Builds the static libcurl that invar links: http and https only, from Debian's own source package.
#
# Debian's libcurl.a drags in krb5, ldap, rtmp, ssh2 and others; the dynamic one costs 33 shared
# objects and 10 MiB. This one adds half a megabyte to the program.
#
# usage: build-curl.sh DIR      result: DIR/curl/include, DIR/curl/lib/libcurl.a
#
# A second run with the same recipe does nothing and needs no network. The source is fetched through a
# private apt state, so that the machine's own package sources stay as they are.
set -eu

dir=${1:?usage: build-curl.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
patch=$(cd "$(dirname "$0")" && pwd)/curl-http2.patch

cflags="-O2 -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2"
cflags="$cflags -ffile-prefix-map=$dir=."
options="--disable-shared --enable-static --with-openssl --with-nghttp2 --enable-ares
--without-zlib --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-librtmp
--without-libssh2 --without-gssapi --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt
--disable-ldap --disable-ldaps --disable-ftp --disable-file --disable-dict --disable-telnet
--disable-tftp --disable-rtsp --disable-pop3 --disable-imap --disable-smb --disable-smtp
--disable-gopher --disable-mqtt --disable-manual --disable-ntlm --disable-ntlm-wb
--disable-alt-svc --disable-hsts --disable-cookies --disable-doh --disable-netrc
--disable-libcurl-option --disable-dependency-tracking"
options=$(printf '%s' "$options" | tr '\n' ' ')
recipe=$(printf '%s\n' "$options" "$cflags" | sed "s|$dir|DIR|g" | cksum | cut -d ' ' -f 1)

exec 9>"$dir/.curl.lock"
flock 9
if [ "$(cat "$dir/curl/.recipe" 2>/dev/null || true)" = "$recipe" ]; then
    exit 0
fi

work=$(mktemp -d "$dir/curl-build.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

if [ -n "${INVAR_CURL_SOURCE:-}" ]; then
    cp -R "$INVAR_CURL_SOURCE" "$work/source"
else
    # The Debian archives this machine already uses, as source entries of a private apt state.
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    signed=
    [ ! -f "$keyring" ] || signed="[signed-by=$keyring] "
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
        'Created-By: Packages' | sort -u |
        while read -r uri release component origin; do
            [ "$origin" = Debian ] || continue
            printf 'deb-src %s%s %s %s\n' "$signed" "$uri" "$release" "$component"
        done >"$work/sources.list"
    if [ ! -s "$work/sources.list" ]; then
        echo "build-curl.sh: no Debian archive among the apt sources; run apt-get update first" >&2
        exit 1
    fi
    # apt drops to its own user for downloads, which must be able to reach the folders.
    private="-qq -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=-
        -o Dir::State::lists=$work/lists -o Dir::Cache=$work/cache -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086
    (cd "$work" && apt-get $private update && apt-get $private source curl >source.log)
    mv "$work"/curl-[0-9]*/ "$work/source"
fi
patch -s -d "$work/source" -p1 <"$patch"

(
    cd "$work/source"
    # shellcheck disable=SC2086
    ./configure $options --prefix="$work/out" CFLAGS="$cflags" >"$work/configure.log" 2>&1 ||
        { tail -n 40 "$work/configure.log" >&2; exit 1; }
    make -j2 -C lib install >"$work/make.log" 2>&1 || { tail -n 40 "$work/make.log" >&2; exit 1; }
    make -C include install >>"$work/make.log" 2>&1 || { tail -n 40 "$work/make.log" >&2; exit 1; }
)
rm -rf "$dir/curl"
mkdir -p "$dir/curl/lib"
mv "$work/out/include" "$dir/curl/include"
mv "$work/out/lib/libcurl.a" "$dir/curl/lib/libcurl.a"
printf '%s\n' "$recipe" >"$dir/curl/.recipe"
