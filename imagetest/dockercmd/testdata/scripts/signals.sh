# A signal to docker run is the container's.
docker run --rm --name test-signals "$1" sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done' > /dev/null &
pid=$!
for try in $(seq 100); do
    docker logs test-signals 2>/dev/null | grep -q up && break
    sleep 0.1
done
kill -TERM $pid
code=0
wait $pid || code=$?
test $code == 9
