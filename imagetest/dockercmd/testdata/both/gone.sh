# What is to be gone and is gone is no failure, as of Docker 20.10; without -f it is one.
docker rm -f no-such-container 2>/dev/null
docker rm -vf no-such-container another 2>/dev/null
if docker rm no-such-container 2>/dev/null; then exit 1; fi
docker create --name test-gone "$1"
docker rm -f test-gone no-such-container 2>/dev/null | grep -qx test-gone
test -z "$(docker ps -aq --filter name=test-gone)"
docker --version | grep -Eq '^Docker version [0-9]+\.[0-9]+\.[0-9]+[^,]*, build .'
