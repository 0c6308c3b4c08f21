# What flags of docker run do.
DIR=$(mktemp -d)
trap 'docker rm -f test-target > /dev/null 2>&1; rm -rf "$DIR"' EXIT
run() { docker run --rm --no-healthcheck "$@"; }
has() { grep -qxE "$1" "$DIR/out" || { echo "no line $1 in:"; cat "$DIR/out"; exit 1; }; }
cat > "$DIR/look" <<'END'
id -G | tr ' ' '\n' | sort -n | xargs echo groups
echo msgmax $(cat /proc/sys/kernel/msgmax)
test ! -c /dev/nothing || echo x > /dev/nothing && echo device
cat /etc/resolv.conf
echo oom $(cat /proc/self/oom_score_adj)
grep NoNewPrivs /proc/self/status
END
printf '# comment\n\nA=1\n  B=2 and more \nHOME_OF_TEST\nNOT_SET_AT_ALL\n' > "$DIR/env"
echo 'echo "$A,$B,$C,$HOME_OF_TEST,${NOT_SET_AT_ALL-none}"' >> "$DIR/look"
HOME_OF_TEST=here run -v "$DIR/look:/look:ro" --group-add extra --group-add 77 -u app --sysctl kernel.msgmax=12345 \
    --device /dev/null:/dev/nothing:rw --dns 192.0.2.53 --dns-search corp.example --dns-option ndots:3 \
    --oom-score-adj 321 --security-opt no-new-privileges --env-file "$DIR/env" -e C=3 --log-driver none \
    "$1" sh /look > "$DIR/out"
for line in 'groups 77 1000 4242' 'msgmax 12345' device 'nameserver 192.0.2.53' 'search corp.example' '.*ndots:3.*' \
    'oom 321' 'NoNewPrivs:.1' '1,2 and more ,3,here,none'; do has "$line"; done
run "$1" sh -c 'id -G; grep NoNewPrivs /proc/self/status' > "$DIR/out"
has 'NoNewPrivs:.0'
run --network none --sysctl net.ipv4.ip_unprivileged_port_start=7 --pids-limit 25 "$1" sh -c '
    echo start $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    for i in $(seq 40); do sleep 9 & done' > "$DIR/out" 2>&1 || :
has 'start 7'
has ".*can't fork.*"
run --pids-limit -1 "$1" sh -c 'for i in $(seq 40); do sleep 9 & done'

docker run -d --name test-target --memory 64m --memory-reservation 32m --log-driver none "$1"
test "$(docker inspect -f '{{.HostConfig.MemoryReservation}} {{.HostConfig.LogConfig.Type}}' test-target)" == '33554432 none'
if docker logs test-target > /dev/null 2>&1; then exit 1; fi
run --link test-target:db "$1" sh -c 'grep -wc db /etc/hosts; grep -c test-target /etc/hosts' | sort -u | grep -qx 1
docker stop -t 0 test-target
refused() { if run "$@" true 2>/dev/null; then echo "not refused: $*"; exit 1; fi; }
refused --link test-target:db "$1"
refused --link no-such-container "$1"
refused --group-add no-such-group "$1"
refused --device /dev/no-such-device "$1"
printf 'bad name=1\n' > "$DIR/env"
refused --env-file "$DIR/env" "$1"
