# What a container does and has changed, and what its image was made of.
trap 'docker rm -f test-look test-again > /dev/null 2>&1; docker rmi -f test/alias:2 test/commit:1 > /dev/null 2>&1; rm -rf "$DIR"' EXIT
DIR=$(mktemp -d)
docker run -d --name test-look "$1" sh -c 'echo new > /etc/new; rm /etc/passwd; echo more >> /etc/group; mkdir /made; echo up; while :; do sleep 0.05; done'
until docker logs test-look | grep -qx up; do sleep 0.05; done
docker diff test-look | sort > "$DIR/diff"
for line in 'A /etc/new' 'A /made' 'C /etc' 'C /etc/group' 'D /etc/passwd'; do grep -qx "$line" "$DIR/diff"; done
if grep -E '^. /(dev|proc|sys|etc/hosts|bin)' "$DIR/diff"; then exit 1; fi
docker top test-look > "$DIR/top"
head -1 "$DIR/top" | grep -Eq '^UID +PID +PPID .*CMD'
grep -q 'echo new > /etc/new' "$DIR/top"
docker top test-look -o pid,args | tail -n +2 | grep -Eq '^[0-9]+ +sh -c echo new'
docker export test-look | tar -t > "$DIR/files"
grep -qx etc/new "$DIR/files"
if grep -qx etc/passwd "$DIR/files"; then exit 1; fi
docker export -o "$DIR/export.tar" test-look
tar -xOf "$DIR/export.tar" etc/new | grep -qx new

# An image of it has its files, but no volume's, and its configuration; one can be made of that again.
docker exec test-look sh -c 'echo mine > /var/data/mine'
id=$(docker commit -a me -m 'as it is' test-look test/commit:1)
docker run --rm test/commit:1 cat /etc/new | grep -qx new
docker run --rm --entrypoint sh test/commit:1 -c 'test ! -e /etc/passwd && test -d /made && test ! -e /var/data/mine && touch /again && cat /etc/group' | grep -qx more
test "$(docker image inspect -f '{{.Id}} {{.Author}} {{index .Config.Cmd 0}} {{.Config.StopSignal}}' test/commit:1)" == "$id me sh SIGUSR1"
docker history --format '{{.Comment}}' test/commit:1 | head -1 | grep -qx 'as it is'
docker create --name test-again test/commit:1
docker cp "$DIR/diff" test-again:/diff
docker diff test-again | grep -qx 'A /diff'
second=$(docker commit test-again)
docker run --rm "$second" cat /diff /etc/new | grep -qx new
docker rm test-again
docker rmi test/commit:1 | grep -q '^Untagged: .*test/commit:1'
docker kill test-look
if docker top test-look 2>/dev/null; then exit 1; fi

docker history --no-trunc --format '{{.CreatedBy}}' "$1" | grep -q 'VOLUME.*/var/data'
test "$(docker history -q "$1" | head -1)" == "$(docker images -q "$1")"
docker tag "$1" test/alias:2
docker run --rm test/alias:2 echo same | grep -qx same
test "$(docker image inspect -f '{{.Id}}' test/alias:2)" == "$(docker image inspect -f '{{.Id}}' "$1")"
docker images --format '{{.Repository}}:{{.Tag}}' | grep -qx test/alias:2
docker save test/alias:2 | tar -xO manifest.json | grep -q '"RepoTags":\["[a-z./]*test/alias:2"\]'
docker save -o "$DIR/save.tar" "$1"
tar -tf "$DIR/save.tar" | grep -qx manifest.json
docker rmi test/alias:2 | grep -q '^Untagged: .*test/alias:2'
if docker image inspect test/alias:2 > /dev/null 2>&1; then exit 1; fi
docker image inspect "$1" > /dev/null
docker rmi -f test/alias:2 2>/dev/null
if docker rmi test/alias:2 2>/dev/null; then exit 1; fi
