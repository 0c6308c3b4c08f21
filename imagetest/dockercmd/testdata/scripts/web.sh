# A web server is asked through its published ports, several times over.
docker_run() {
    docker run -d --rm "$@" -p 127.0.0.1::18080 -p 18080:18080 "$IMAGE" \
        sh -c 'mkdir -p /www && echo "page $PAGE" > /www/index.html && exec httpd -f -v -p 18080 -h /www'
}
fetch() {
    for try in $(seq 50); do
        busybox wget -q -O - "http://localhost:$1/" && return
        sleep 0.1
    done
    return 1
}
IMAGE=$1
export http_proxy=
for page in one two; do
    id=$(docker_run -e PAGE=$page)
    fetch 18080 | grep -qx "page $page"
    fetch "$(docker port "$id" 18080/tcp | sed -n 's/^127.0.0.1://p')" | grep -qx "page $page"
    docker logs "$id" 2>&1 | grep -qF 'response:200'
    # Nobody is asked to end politely: the first process ignores what it does not catch.
    docker stop -t 0 "$id" > /dev/null
done
