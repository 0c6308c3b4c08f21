# A container keeps its files from start to start, until it is removed.
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
id=$(docker create --name test-keep "$1" sh -c 'echo run >> /srv/runs; cat /srv/given; exit 3')
echo given > "$DIR/given"
docker cp "$DIR/given" test-keep:/srv/
for run in 1 2; do
    docker start -a test-keep | grep -qx given
    test "$(docker inspect -f '{{.State.ExitCode}} {{.State.Status}}' "$id")" == "3 exited"
done
docker cp test-keep:/srv/runs - | tar xO | wc -l | grep -qx 2
docker cp test-keep:/srv "$DIR/copy"
test "$(cat "$DIR/copy/given")" == given
docker logs --tail 1 test-keep | grep -qx given
docker rename test-keep test-kept
docker rm test-kept
if docker inspect test-kept > /dev/null 2>&1; then exit 1; fi
