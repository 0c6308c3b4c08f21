package dockercmd_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-build/slipway/imagetest/dockerapi/dockerapitest"
	"github.com/slipway-build/slipway/imagetest/dockercmd"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// TestMain lets this program be the docker command of the scripts.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "docker" {
		os.Exit(dockercmd.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
	}
	os.Exit(m.Run())
}

// serviceRef is the image of the scripts in testdata/both.
const serviceRef = "registry.example/test/service:1"

// serveEngine starts an engine with the images of the scripts and Docker's API on it.
func serveEngine(t *testing.T) string {
	t.Helper()
	p := enginetest.Start(t)
	enginetest.Build(t, p, dockerapitest.Ref, dockerapitest.Dockerfile, enginetest.Busybox(t))
	service, err := os.ReadFile("testdata/both/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Build(t, p, serviceRef, string(service), enginetest.Busybox(t))
	host, _ := dockerapitest.Serve(t, p)
	return host
}

// serveProcesses offers Docker's API with plain processes as containers.
func serveProcesses(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(dockerapitest.Busybox); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs busybox (Debian: busybox-static): %v", err)
	}
	host, _ := dockerapitest.Serve(t, dockerapitest.Host{Dir: t.TempDir()})
	return host
}

// runScripts runs every script of testdata/FOLDER with the docker command in bin. One after
// the other: some use fixed names and ports, as tests of images do. Those in "both" have names of their own.
func runScripts(t *testing.T, host, bin, folder, image string) {
	t.Helper()
	scripts, err := filepath.Glob("testdata/" + folder + "/*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			if folder == "both" {
				t.Parallel()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-e", script, image)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "DOCKER_HOST="+host, "DOCKER_CONFIG="+t.TempDir())
			cmd.WaitDelay = time.Second
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestScripts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "docker")); err != nil {
		t.Fatal(err)
	}
	host := serveEngine(t)
	runScripts(t, host, bin, "scripts", dockerapitest.Ref)
	runScripts(t, host, bin, "both", serviceRef)
	runScripts(t, host, bin, "newer", dockerapitest.Ref) // Debian 12's docker (20.10) cannot do these; 23.0 can
}

// TestScriptsWithDocker runs the scripts with Docker's own command. Machines
// without it are what this package is for, so that is never a failure.
func TestScriptsWithDocker(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Skipf("compares with Docker's own command, which is not here: %v", err)
	}
	host := serveEngine(t)
	runScripts(t, host, filepath.Dir(docker), "scripts", dockerapitest.Ref)
	runScripts(t, host, filepath.Dir(docker), "both", serviceRef)
}

// TestScriptsOnDocker runs the scripts of testdata/both on Docker itself (Debian's, 20.10): what Slipway's
// containers are held to is what Docker's do.
func TestScriptsOnDocker(t *testing.T) {
	enginetest.Need(t)
	if _, err := os.Stat("/usr/sbin/dockerd"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs Docker's daemon (Debian: docker.io): %v", err)
	}
	host := enginetest.Dockerd(t)
	dir := t.TempDir()
	for from, to := range map[string]string{"/bin/busybox": "busybox", "testdata/both/Dockerfile": "Dockerfile"} {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), data, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), enginetest.DockerCommand, "build", "-q", "-t", serviceRef, dir)
	build.Env = append(os.Environ(), "DOCKER_HOST="+host, "DOCKER_BUILDKIT=0", "DOCKER_CONFIG="+t.TempDir())
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runScripts(t, host, filepath.Dir(enginetest.DockerCommand), "both", serviceRef)
}

// TestPythonSDK runs what tests do that use Docker's SDK for Python, Debian's.
func TestPythonSDK(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import docker").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("python3-docker is not installed, and in CI it must be: %v", err)
		}
		t.Skipf("needs Docker's SDK for Python (Debian: python3-docker): %v", err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/sdk.py", serveEngine(t), dockerapitest.Ref)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMainCommands checks output and exit codes of single commands, on plain
// processes instead of containers.
func TestMainCommands(t *testing.T) {
	t.Setenv("OWN", "mine")
	host := serveProcesses(t)
	envFile := filepath.Join(t.TempDir(), "env")
	long := "LONG=" + strings.Repeat("x", 100_000) // longer than many readers of lines take
	if err := os.WriteFile(envFile, []byte("# comment\n\n"+long+"\r\n  A=1\nOWN\nMISSING"), 0o644); err != nil {
		t.Fatal(err)
	}
	const image = dockerapitest.Ref
	for _, test := range []struct {
		args, in string
		out, err string
		code     int
	}{
		{args: "run --rm " + image, out: "hello, world\n"},
		{args: "run --rm -i " + image + " cat", in: "input", out: "input"},
		{args: "run --rm " + image + " cat", in: "not for it"},
		{args: "run --rm -e TARGET=moon " + image, out: "hello, moon\n"},
		{args: "run --rm --env-file " + envFile + " --entrypoint sh " + image + " -c echo\u00a0$A$OWN$MISSING.", out: "1mine.\n"},
		{args: "run --rm --env-file " + envFile + " --entrypoint sh " + image + " -c echo\u00a0${#LONG}", out: "100000\n"},
		{args: "container run --rm " + image + " sh -c exit\u00a09", code: 9},
		{args: "run --rm " + image + " no-such-command", code: 127,
			err: "docker: Error response from daemon: cannot start container HOST: cannot start container process: exec: \"no-such-command\": executable file not found in $PATH\n"},
		{args: "run none", code: 125, err: "docker: Error response from daemon: No such image: none\n"},
		{args: "run --what " + image, code: 125, err: "docker: unknown flag: --what\n"},
		{args: "run -t -i " + image, code: 1, err: "docker: cannot attach stdin to a TTY-enabled container because stdin is not a terminal\n"},
		{args: "run --platform linux/s390x " + image, code: 125, err: "docker: cannot run containers of platform linux/s390x: this machine is linux/ARCH\n"},
		{args: "run -p x:80 " + image, code: 125, err: "docker: invalid argument \"x:80\" for \"--publish\" flag: invalid hostPort: x\n"},
		{args: "run --mount type=bind,src=/a " + image, code: 125, err: "docker: Error response from daemon: invalid mount config for type \"bind\": field Target must not be empty\n"},
		{args: "run --name restarted --restart on-failure:3 " + image, out: "hello, world\n", err: "WARNING: Slipway's containers ignore the restart policy.\n"},
		{args: "rm restarted", out: "restarted\n"},
		{args: "run --rm --restart always " + image, code: 125, err: "docker: conflicting options: cannot specify both --restart and --rm\n"},
		{args: "run --gpus all " + image, code: 125, err: "docker: invalid argument \"all\" for \"--gpus\" flag: Slipway's containers have no GPUs\n"},
		{args: "rm -f gone"},
		{args: "rmi -f gone"},
		{args: "rmi " + image, code: 1, err: "Error response from daemon: Slipway's containers do not have this: removing images of Slipway's store; a test removes its own tags only (DELETE /images/registry.example/test/busybox:1)\n"},
		{args: "network ls", code: 1, err: "cannot do docker network: Slipway's stand-in for docker does not have it\nhint: containers share the host's network, or have none\n"},
		{args: "load -i x", code: 1, err: "cannot do docker load: Slipway's stand-in for docker does not have it\nhint: the store of images is Slipway's: a test gets its image and adds none\n"},
		{args: "run -a stderr --rm " + image + " sh -c echo\u00a0out;\u00a0echo\u00a0err>&2", err: "err\n"},
		{args: "run -a strange --rm " + image, code: 125, err: "docker: invalid argument \"strange\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and STDERR\n"},
		{args: "rm gone", code: 1, err: "Error response from daemon: No such container: gone\n"},
		{args: "--version", out: "Docker version 27.3.0-slipway, build slipway\n"},
		{args: "-v", out: "Docker version 27.3.0-slipway, build slipway\n"},
		{args: "build .", code: 1, err: "cannot build .: Slipway's stand-in for docker builds no images\nhint: an image that a test needs is one of the fleet, or of base_images\n"},
		{args: "pull none", code: 1, err: "Error response from daemon: No such image: docker.io/library/none:latest; Slipway pulls nothing for containers and has the images of its own store only\n"},
		{args: "images --format {{.Repository}}", out: "registry.example/test/busybox\n"},
		{args: "ps -a", out: "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n"},
		{args: "stop a b", code: 1, err: "Error response from daemon: No such container: a\nError response from daemon: No such container: b\n"},
		{args: "inspect nothing", out: "[]\n", code: 1, err: "Error: No such object: nothing\n"},
		{args: "nonsense", code: 1, err: "unknown command \"nonsense\" for \"docker\"\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Split(test.args, " ")
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "\u00a0", " ")
			}
			var out, errs bytes.Buffer
			code := dockercmd.Main(t.Context(), args, strings.NewReader(test.in), &out, &errs, environment(host))
			if diff := cmp.Diff(fmt.Sprint(test.code, "\n", test.out, "\n", test.err), fmt.Sprint(code, "\n", out.String(), "\n", neutral(errs.String()))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// neutral replaces what differs from run to run and from machine to machine.
func neutral(text string) string {
	text = strings.ReplaceAll(text, "linux/"+runtime.GOARCH, "linux/ARCH")
	return regexp.MustCompile(`container [0-9a-f]{12}:`).ReplaceAllString(text, "container HOST:")
}

func environment(host string) func(string) string {
	return func(name string) string {
		return map[string]string{"DOCKER_HOST": host}[name]
	}
}

func TestNoHost(t *testing.T) {
	var out, errs bytes.Buffer
	code := dockercmd.Main(t.Context(), []string{"ps"}, nil, &out, &errs, func(string) string { return "" })
	if code != 1 || !strings.Contains(errs.String(), "hint: ") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

// TestCancel shows that the end of the context ends the container too.
func TestCancel(t *testing.T) {
	host := serveProcesses(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	code := dockercmd.Main(ctx, []string{"run", "--rm", dockerapitest.Ref, "sh", "-c", "echo up; while :; do sleep 0.1; done"},
		nil, writerFunc(func(p []byte) (int, error) { cancel(); return out.Write(p) }), &errs, environment(host))
	if code != 137 || out.String() != "up\n" || errs.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, out.String(), errs.String())
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
