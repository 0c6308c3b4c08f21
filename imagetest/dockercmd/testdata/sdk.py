"""What pytest suites do with Docker's SDK for Python. Arguments: API address, image."""
import io
import sys
import tarfile

import docker

client = docker.DockerClient(base_url=sys.argv[1])
image = sys.argv[2]

assert client.ping()
assert client.containers.run(image, ["echo", "hi"], remove=True) == b"hi\n"
try:
    client.containers.run(image, "sh -c 'echo bad >&2; exit 3'", remove=True)
    raise AssertionError("a failed command is an error")
except docker.errors.ContainerError as err:
    assert (err.exit_status, err.stderr) == (3, b"bad\n"), err
try:
    client.containers.run("registry.example/none:1")
    raise AssertionError("a missing image is an error")
except docker.errors.ImageNotFound:
    pass

c = client.containers.run(
    image,
    "sh -c 'echo start; while :; do sleep 0.1; done'",
    detach=True,
    name="sdk",
    environment={"A": "b"},
    tmpfs={"/t": "size=1m"},
)
c.reload()
assert c.status == "running"
assert "A=b" in c.attrs["Config"]["Env"]
assert c.exec_run("sh -c 'echo $A; echo err >&2; exit 4'", demux=True) == (4, (b"b\n", b"err\n"))
assert list(c.exec_run("echo streamed", stream=True).output) == [b"streamed\n"]

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as tar:
    info = tarfile.TarInfo("up.txt")
    info.size, info.uid = 3, 1000
    tar.addfile(info, io.BytesIO(b"abc"))
assert c.put_archive("/srv", packed.getvalue())
assert c.exec_run("stat -c %u:%s /srv/up.txt").output == b"1000:3\n"
bits, stat = c.get_archive("/srv/up.txt")
assert stat["size"] == 3
with tarfile.open(fileobj=io.BytesIO(b"".join(bits))) as tar:
    assert tar.extractfile("up.txt").read() == b"abc"

assert [x.name for x in client.containers.list(filters={"name": "sdk"})] == ["sdk"]
assert c.logs(tail=1) == b"start\n"
c.stop(timeout=0)
assert c.wait()["StatusCode"] == 137
c.remove()
assert client.containers.list(all=True) == []
assert client.images.get(image).tags == [image]
