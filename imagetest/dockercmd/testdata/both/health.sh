# A health check runs, and inspect, ps and filters know how it went.
trap 'docker rm -f test-health > /dev/null 2>&1' EXIT
health() { docker inspect -f '{{.State.Health.Status}}' test-health; }
becomes() {
    for try in $(seq 200); do
        test "$(health)" != "$1" || return 0
        sleep 0.05
    done
    echo "health is $(health), not $1: $(docker inspect -f '{{json .State.Health}}' test-health)"
    return 1
}
test "$(docker image inspect -f '{{join .Config.Healthcheck.Test " "}} {{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Retries}}' "$1")" == 'CMD-SHELL test ! -e /tmp/ill 200ms 2'
docker run -d --name test-health "$1"
becomes healthy
docker ps --filter health=healthy --format '{{.Names}} {{.Status}}' | grep -q '^test-health Up .* (healthy)$'
docker exec test-health touch /tmp/ill
becomes unhealthy
test "$(docker inspect -f '{{.State.Health.FailingStreak}}' test-health)" -ge 2
docker exec test-health rm /tmp/ill
becomes healthy
test "$(docker inspect -f '{{.State.Health.FailingStreak}}' test-health)" == 0
docker stop -t 0 test-health
test "$(health)" == unhealthy # as soon as nobody asks any more
docker start test-health
becomes healthy
docker rm -f test-health

# The command line's own check, with what the image says where it is silent.
docker run -d --name test-health --health-cmd 'echo so far; exit 4' --health-interval 2s --health-retries 1 "$1"
test "$(health)" == starting
becomes unhealthy
test "$(docker inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' test-health)" == '4 so far'
test "$(docker inspect -f '{{.Config.Healthcheck.Timeout}}' test-health)" == 5s
docker rm -f test-health
# One that takes too long has failed.
docker run -d --name test-health --health-cmd 'exec sleep 60' --health-interval 100ms --health-timeout 200ms --health-retries 1 "$1"
becomes unhealthy
docker inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' test-health | grep -q '^-1 Health check exceeded timeout (200ms)'
docker rm -f test-health
# In the start period failures do not count.
docker run -d --name test-health --health-cmd false --health-interval 100ms --health-retries 1 --health-start-period 60s "$1"
sleep 0.5
test "$(health)" == starting
docker rm -f test-health
docker run -d --name test-health --no-healthcheck "$1"
test "$(docker inspect -f '{{.Config.Healthcheck.Test}} {{json .State.Health}}' test-health)" == '[NONE] null'
docker ps --filter health=none --format '{{.Names}}' | grep -qx test-health
if docker run --rm --no-healthcheck --health-cmd true "$1" true 2>/dev/null; then exit 1; fi
