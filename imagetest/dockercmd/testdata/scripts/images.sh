# Images are those of the store; nothing is pulled.
docker images --format '{{.Repository}}:{{.Tag}}' | grep -qxF "$1"
docker image inspect -f '{{.Config.Entrypoint}} {{index .Config.Labels "team"}}' "$1" | grep -qx '\[\] test'
test "$(docker inspect --type image -f '{{.Id}}' "$1")" == "$(docker images --no-trunc -q "$1")"
docker pull -q "$1" | grep -qxF "$1"
if docker pull registry.example/none:1 2>/dev/null; then exit 1; fi
docker version --format '{{.Server.Version}}' | grep -qx '.*-slipway'
docker info --format '{{.OSType}}' | grep -qx linux
