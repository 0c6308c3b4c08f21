#!/bin/sh
# Fills registry.tar.gz: the fleet beside this script, published by commit 68208fa from checkouts made
# under the umasks 022, 002 and 077, each into a namespace of its own. As root, in the repository.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill "$registry" 2>/dev/null || true; rm -rf "$work"' EXIT
registry=
mkdir "$work/source"
git -C "$(git -C "$here" rev-parse --show-toplevel)" archive 68208fa | tar -x -C "$work/source"
(cd "$work/source" && go build -o "$work/slipway" ./cmd/slipway)
cat >"$work/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: "$work/data"}}
http: {addr: "127.0.0.1:5968"}
END
docker-registry serve "$work/config.yml" >/dev/null 2>&1 &
registry=$!
sleep 1
cp -r "$here/fleet" "$work/fleet"
chmod 755 "$work/fleet/images/base/run.sh"
cd "$work/fleet"
git init -q
git add .
git -c user.name=a -c user.email=a@b commit -qm one
for mask in 022 002 077; do
	(umask "$mask" && git clone -q "$work/fleet" "$work/u$mask")
	cd "$work/u$mask"
	cat >config.yaml <<END
registry: 127.0.0.1:5968
namespace: u$mask
builder: {images: [{name: plain, from: plain, tags: ["1", newest]}]}
END
	"$work/slipway" --root "$work/root$mask" build --publish images
done
kill "$registry"
# Only what a registry needs to answer; the same bytes from the same folder.
tar --sort=name --owner=0 --group=0 --mtime=@0 -C "$work/data" -cz -f "$here/registry.tar.gz" .
