#!/bin/sh
# Makes a root of a release of Debian to build modules in, with a kernel of that release:
#
#	make.sh SUITE FOLDER RELEASE-BEGINNING
#
# The root has the kernel's headers with their compiler and tools, and its image and modules for
# guests. It comes from where this machine's own packages come from. Needs root and debootstrap.
# A root that is whole is left alone.
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

suite=$1 folder=$2 beginning=$3
[ -e "$folder/whole" ] && exit
[ "$(id -u)" = 0 ] || { echo "make.sh: only root can make a build root: sudo $0 $*" >&2; exit 1; }
sources() {
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' | sort -u
}
mirror=$(sources | awk '$1 == "Debian" && $3 !~ /-/ { print $2; exit }')
security=$(sources | awk '$1 == "Debian" && $3 ~ /-security$/ { print $2; exit }')
[ -n "$mirror" ] || { echo "make.sh: this machine's package lists name no mirror of Debian" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder"
echo "make.sh: debootstrap of $suite into $folder"
debootstrap --variant=minbase --include=make,libelf1 "$suite" "$folder" "$mirror" >"$folder/log" 2>&1 ||
	debootstrap --variant=minbase --include=make "$suite" "$folder" "$mirror" >"$folder/log" 2>&1 ||
	{ tail -n 5 "$folder/log" >&2; exit 1; }
echo "deb $mirror $suite main" >"$folder/etc/apt/sources.list"
[ -z "$security" ] || echo "deb $security $suite-security main" >>"$folder/etc/apt/sources.list"
chroot "$folder" apt-get -qq update

# The newest kernel whose packages the mirror still has.
for release in $(chroot "$folder" apt-cache pkgnames "linux-headers-$beginning" | sed -n 's/^linux-headers-\(.*-cloud-[a-z0-9]*\)$/\1/p' | sort -rV | head -n 8); do
	echo "make.sh: kernel $release"
	chroot "$folder" sh -ec "
		cd /tmp
		needed=\$(apt-cache depends linux-image-$release | sed -n 's/.*Depends: \(linux-\(binary\|modules\)-.*\)/\1/p')
		apt-get -qq -o APT::Sandbox::User=root download linux-image-$release \$needed
		apt-get -qq -y --no-install-recommends install linux-headers-$release
		for package in linux-*.deb; do dpkg -x \$package /tmp/image; done
		cp -a /tmp/image/boot/. /boot/
		for lib in lib usr/lib; do [ ! -d /tmp/image/\$lib ] || cp -a /tmp/image/\$lib/. /\$lib/; done # /lib is a link
		rm -rf /tmp/image linux-*.deb" >>"$folder/log" 2>&1 || continue
	: >"$folder/whole"
	exit
done
tail -n 5 "$folder/log" >&2
echo "make.sh: no kernel $beginning of Debian $suite could be installed; $folder/log says more" >&2
exit 1
