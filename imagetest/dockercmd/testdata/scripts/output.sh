# The default command says hello; outputs stay apart, lines whole.
docker run --rm "$1" | grep -q "hello, world"

test "$(docker run --rm --entrypoint /bin/printf "$1" 'a\nkube1\nb\nkube2\n' | grep kube)" == "kube1
kube2"

test "$(docker run --rm "$1" sh -c 'echo out; echo err >&2' 2>/dev/null)" == out
test "$(docker run --rm "$1" sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" == err
test "$(docker run --rm "$1" seq 1 20000 | md5sum)" == "$(seq 1 20000 | md5sum)"
