# --init puts an init first: it reaps what has no parent, and passes signals on.
trap 'docker rm -f test-init > /dev/null 2>&1' EXIT
docker run -d --name test-init --init --no-healthcheck "$1" sh -c 'trap "echo got it; exit 7" TERM; echo up; while :; do sleep 0.05; done'
test "$(docker exec test-init cat /proc/1/comm)" == docker-init
until docker logs test-init | grep -qx up; do sleep 0.05; done
docker exec test-init sh -c '(sleep 0.1 & true) & true' # a grandchild that outlives its parent
sleep 0.5
if docker exec test-init ps -o stat | grep -q Z; then exit 1; fi
docker stop --time 20 --signal TERM test-init 2>/dev/null || docker kill -s TERM test-init
test "$(docker wait test-init)" == 7
docker logs test-init | grep -qx 'got it'
docker rm test-init
code=0
docker run --rm --init "$1" sh -c 'exit 9' || code=$?
test $code == 9
code=0
docker run --rm --init "$1" no-such-command 2>/dev/null || code=$?
test $code == 127
test "$(docker run --rm "$1" sh -c 'cat /proc/1/comm')" == cat
