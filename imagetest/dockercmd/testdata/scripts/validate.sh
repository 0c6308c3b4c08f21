# A configuration is checked by the image's own program, found by entry point.
docker run --rm \
    -e SERVICE_NAME=test \
    -e SERVICE_PORT=1234 \
    --entrypoint /bin/sh \
    "$1" \
    -c 'echo "$SERVICE_NAME:$SERVICE_PORT" > /tmp/conf && grep -q "^test:1234$" /tmp/conf'

if docker run --rm --entrypoint /bin/false "$1"; then exit 1; fi
