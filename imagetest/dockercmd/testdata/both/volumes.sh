# An image's VOLUME is a folder of its own: filled from the image, writable below a read-only root, shared.
DIR=$(mktemp -d)
trap 'docker rm -vf test-volume test-other > /dev/null 2>&1 || :; docker volume rm test-named > /dev/null 2>&1 || :; rm -rf "$DIR"' EXIT
docker run --rm --read-only "$1" sh -c 'stat -c "%u:%g %a" /var/data; echo mine > /var/data/mine && cat /var/data/seed && ! touch /etc/x 2>/dev/null' > "$DIR/out"
printf '1000:1000 750\nseed\n' | diff - "$DIR/out"
docker create --name test-volume "$1"
docker cp test-volume:/var/data/seed - | tar -xO | grep -qx seed
test "$(docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}} {{.Driver}}{{end}}' test-volume)" == 'volume /var/data true local'
docker run --rm --volumes-from test-volume "$1" sh -c 'echo shared > /var/data/shared'
docker run --rm --volumes-from test-volume:ro "$1" sh -c 'cat /var/data/shared; touch /var/data/x 2>/dev/null || echo refused' > "$DIR/out"
printf 'shared\nrefused\n' | diff - "$DIR/out"
# It lives as long as one of them does.
docker create --name test-other --volumes-from test-volume "$1"
docker rm -v test-volume
docker cp test-other:/var/data/shared - | tar -xO | grep -qx shared
docker rm -v test-other
# A volume with a name stays until it is removed, and is filled once.
docker run --rm -v test-named:/var/data "$1" sh -c 'rm /var/data/seed; echo kept > /var/data/kept'
docker run --rm --mount type=volume,src=test-named,dst=/mnt,readonly "$1" ls /mnt | grep -qx kept
test "$(docker volume ls -q --filter name=test-named)" == test-named
test "$(docker volume inspect -f '{{.Name}} {{.Driver}}' test-named)" == 'test-named local'
docker create --name test-volume -v test-named:/var/data "$1"
if docker volume rm test-named 2>/dev/null; then exit 1; fi
docker cp test-volume:/var/data - | tar -t | sort > "$DIR/out"
printf 'data/\ndata/kept\n' | diff - "$DIR/out"
docker rm test-volume
docker volume rm test-named | grep -qx test-named
if docker volume inspect test-named > /dev/null 2>&1; then exit 1; fi
docker volume create test-named | grep -qx test-named
# A copy into a volume below a read-only root arrives; one beside it is refused.
docker create --name test-volume --read-only "$1"
echo copied > "$DIR/copied"
docker cp "$DIR/copied" test-volume:/var/data/
docker cp test-volume:/var/data/copied - | tar -xO | grep -qx copied
if docker cp "$DIR/copied" test-volume:/etc/ 2>/dev/null; then exit 1; fi
