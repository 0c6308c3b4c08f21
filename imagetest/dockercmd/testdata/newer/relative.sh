# A bound file may be named from the current folder.
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
echo 's/test/tested/' > "$DIR/filter"

cd "$DIR"
docker run --rm --mount type=bind,src=./filter,dst=/f,readonly "$1" cat /f | grep -q tested
