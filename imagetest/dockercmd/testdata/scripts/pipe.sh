# A message goes through a filter that is configured by a bound file.
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
echo 's/test/tested/' > "$DIR/filter"

echo 'test123' | docker run -i -v "$DIR/filter:/etc/filter:ro" --rm "$1" \
    sed -f /etc/filter | grep -qx 'tested123'

docker run --rm --mount "type=bind,src=$DIR/filter,dst=/f,readonly" "$1" cat /f | grep -q tested
if docker run --rm -v "$DIR/filter:/f:ro" "$1" sh -c 'echo x > /f' 2>/dev/null; then exit 1; fi
