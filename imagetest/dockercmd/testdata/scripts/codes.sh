# Exit codes are the container's, or docker's own.
code() {
    local want=$1 got=0
    shift
    "$@" > /dev/null 2>&1 || got=$?
    test "$got" == "$want" || { echo "exit code $got, not $want: $*"; exit 1; }
}
code 0 docker run --rm "$1" true
code 7 docker run --rm "$1" sh -c 'exit 7'
code 127 docker run --rm "$1" no-such-command
code 126 docker run --rm "$1" /etc/passwd
code 125 docker run --rm --no-such-flag "$1"
code 125 docker run --rm registry.example/none:1
code 125 docker run --rm --privileged "$1"
code 125 docker run --rm -p 53:53/udp "$1"
code 1 docker logs no-such-container
code 1 docker stop no-such-container
code 1 docker inspect no-such-thing
docker run -d --name test-codes "$1" sleep 60
code 5 docker exec test-codes sh -c 'exit 5'
code 127 docker exec test-codes no-such-command
code 125 docker run --name test-codes "$1"
docker kill test-codes
code 1 docker exec test-codes true
test "$(docker wait test-codes)" == 137
docker rm test-codes
