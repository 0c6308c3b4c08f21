# A server in the background is looked at from inside, then stopped.
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
echo ok > "$DIR/health"

docker run -d -v "$DIR:/etc/server:ro" --name test-daemon --rm "$1" \
    sh -c 'trap "exit 0" TERM; echo started; while :; do sleep 0.1; done'
docker exec test-daemon cat /etc/server/health | grep -qx ok
docker exec -e WORD=x test-daemon sh -c 'test "$WORD" = x'
echo data | docker exec -i test-daemon sh -c 'cat > /tmp/data'
docker exec -u app -w /tmp test-daemon sh -c 'test "$(id -u)$(cat data)" = 1000data'
docker logs test-daemon 2>&1 | grep -qF started
test "$(docker inspect -f '{{.State.Running}} {{.Config.Image}}' test-daemon)" == "true $1"
docker ps --format '{{.Names}}' | grep -qx test-daemon
docker stop test-daemon
test -z "$(docker ps -aq --filter name=test-daemon)"
