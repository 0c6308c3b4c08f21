# The image's STOPSIGNAL stops it, unless the command line has another.
trap 'docker rm -f test-stop > /dev/null 2>&1' EXIT
stopped() {
    until docker logs test-stop | grep -qx up; do sleep 0.05; done
    docker stop -t 20 test-stop
    docker inspect -f '{{.State.ExitCode}}' test-stop
    docker rm test-stop > /dev/null
}
docker run -d --name test-stop "$1"
test "$(docker inspect -f '{{.Config.StopSignal}}' test-stop)" == SIGUSR1
test "$(stopped | tail -1)" == 3
docker run -d --name test-stop --stop-signal HUP "$1" sh -c 'trap "exit 5" HUP; echo up; while :; do sleep 0.05; done'
test "$(stopped | tail -1)" == 5
docker run -d --name test-stop --stop-signal SIGRTMIN+3 "$1" sh -c 'trap "exit 6" 37; echo up; while :; do sleep 0.05; done'
test "$(stopped | tail -1)" == 6
